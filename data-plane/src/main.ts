import { surviveStrayRejections } from '@bir/sdk/stray-rejections'
import { joinLineReader, readConfig } from './config.ts'
import { identityOf } from './control/join.ts'
import { log } from './runtime/log.ts'
import { startPlane } from './plane.ts'
import { collectGarbage } from './collect-garbage.ts'
import { mountedServers } from './servers/index.ts'

const strays = surviveStrayRejections((facts) => log('error', 'a rejection that nobody holds: a mistake of the gateway', { ...facts }))

async function main(): Promise<void> {
  const config = readConfig()
  const { homeDir, birJoin, planeName, internalPort } = config
  const internalUrl = internalPort === undefined ? undefined : config.internalUrl
  const identity = await identityOf({ homeDir, birJoin, rereadJoin: joinLineReader(), planeName, internalUrl }, log)
  const plane = await startPlane(config, identity, mountedServers, { log, strays, onEnd: fail })
  collectGarbage()
  log('info', 'data plane listens', { host: config.host, address: plane.server.address() })

  let closing = false
  const stop = (signal: string) => {
    if (closing) return
    closing = true
    log('info', 'stopping', { signal })
    plane.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
}

function fail(error: unknown): never {
  log('error', 'the data plane cannot go on', { why: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}

process.on('uncaughtException', fail)
main().catch(fail)

import { surviveStrayRejections } from '@bir/sdk/stray-rejections'
import { readConfig } from './config.ts'
import { log, errorText } from './base/log.ts'
import { startControlPlane } from './start.ts'

function fail(error: unknown): never {
  log('error', 'cannot-go-on', { why: errorText(error) })
  process.exit(1)
}

process.on('uncaughtException', fail)
const strays = surviveStrayRejections((facts) => log('error', 'stray-rejection', { ...facts }))

try {
  const config = readConfig()
  const running = await startControlPlane(config, log, strays)
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    running.close().catch((error: unknown) => {
      log('error', 'stop-failed', { why: errorText(error) })
      process.exitCode = 1
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
} catch (error) {
  log('error', 'start-failed', { why: errorText(error) })
  process.exit(1)
}

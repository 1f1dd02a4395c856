import { PostgresFault } from '@bir/db/embedded'
import { isVerbose, readStartConfig } from './config.ts'
import type { Config } from './config.ts'
import { createTerminal } from './process/terminal.ts'
import { StartFault } from './base/fault.ts'
import { prepareHome } from './base/home.ts'
import { takeLock } from './process/launcher-lock.ts'
import { listenForStop } from './process/stop-request.ts'
import { Launcher } from './launcher.ts'
import { choosePorts } from './ports.ts'
import { readyScreen } from './screen.ts'
import { serve } from './serve.ts'
import { refuseUnsafe } from './stage.ts'

/** The moment when `npm start` began, before anything was fetched or installed. */
const startedMs = Number(process.env.BIR_BOOTED_AT_MS) || Date.now()
const terminal = createTerminal(isVerbose())

/** Runs stage local. Resolves with the exit code once every part has stopped. */
async function runLocal(config: Config): Promise<number> {
  const places = prepareHome(config.home)
  const release = takeLock(places.lock)
  try {
    const ports = await choosePorts(config, places.notesPort)
    const stopRequest = listenForStop()
    const launcher = new Launcher(places, ports, terminal)
    try {
      const started = await Promise.race([launcher.start(), stopRequest.exitCode])
      if (typeof started === 'object') {
        terminal.say(readyScreen({ ...started, home: config.home, startedInMs: Date.now() - startedMs }))
      }
      return await stopRequest.exitCode
    } finally {
      if (stopRequest.isStopping()) terminal.say('Stopping …')
      await launcher.stop()
    }
  } finally {
    release()
  }
}

async function main(): Promise<number> {
  const config = readStartConfig()
  refuseUnsafe(config, process.env)
  if (config.stage === 'local') return runLocal(config)
  return serve(config, terminal, listenForStop())
}

try {
  process.exit(await main())
} catch (error) {
  const isForPerson = error instanceof StartFault || error instanceof PostgresFault
  terminal.warn(
    isForPerson ? error.message : `The start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  process.exit(1)
}

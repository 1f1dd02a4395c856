import { PostgresFault } from '@bir/db/embedded'
import { isVerbose, readStartConfig } from './config.ts'
import type { Config } from './config.ts'
import { createTerminal } from './process/terminal.ts'
import { StartFault } from './base/fault.ts'
import { prepareHome } from './base/home.ts'
import { takeLock } from './process/launcher-lock.ts'
import { Launcher } from './launcher.ts'
import { choosePorts } from './ports.ts'
import { readyScreen } from './screen.ts'
import { serve } from './serve.ts'
import { refuseUnsafe } from './stage.ts'

const parentCheckMs = 500
const startedMs = performance.now()
const terminal = createTerminal(isVerbose())

/** Resolves with the exit code once everything has stopped. */
async function runLocal(config: Config): Promise<number> {
  const places = prepareHome(config.home)
  const release = takeLock(places.lock)
  try {
    const ports = await choosePorts(config)
    const end = untilAsked()
    const launcher = new Launcher(places, ports, terminal, () => end.ask(1))
    try {
      const started = await Promise.race([launcher.start(), end.asked])
      if (typeof started === 'object') {
        terminal.say(readyScreen({ ...started, home: config.home, startedInMs: performance.now() - startedMs }))
      }
      return await end.asked
    } finally {
      if (end.isAsked()) terminal.say('Stopping …')
      await launcher.stop()
    }
  } finally {
    release()
  }
}

/** Ends on a signal, on the parent's death, or when a part is given up. Asking twice changes nothing. */
function untilAsked() {
  let ask: (code: number) => void = () => {}
  let isAsked = false
  const asked = new Promise<number>((resolve) => {
    ask = (code) => {
      isAsked = true
      resolve(code)
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask(0))
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && ask(0), parentCheckMs).unref()
  return { asked, ask: (code: number) => ask(code), isAsked: () => isAsked }
}

async function main(): Promise<number> {
  const config = readStartConfig()
  refuseUnsafe(config, process.env)
  if (config.stage === 'local') return runLocal(config)
  return serve(config, terminal, untilAsked())
}

try {
  process.exit(await main())
} catch (error) {
  const known = error instanceof StartFault || error instanceof PostgresFault
  terminal.warn(known ? error.message : `The start failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.exit(1)
}

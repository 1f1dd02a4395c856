import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { StartFault } from '../base/fault.ts'
import { formatLogLine } from '../base/log-line.ts'
import type { Running } from './supervised.ts'

/** A part of the gateway that runs as a process of its own. */
export interface ChildSpec {
  name: string
  /** Its name in messages. */
  title: string
  script: string
  env: Record<string, string | undefined>
  /** Answers 200 when the part is ready. */
  healthUrl: string
  nodeFlags?: string[]
}

interface StartOptions {
  /** The folder for its log. */
  logs: string
  /** Stops the part, even while it starts. */
  stop: AbortSignal
  onLine(name: string, line: string): void
}

const parentWatchdog = fileURLToPath(new URL('./parent-watchdog.ts', import.meta.url))
const maxStartMs = 60_000
const maxStopMs = 15_000
const healthPollMs = 50
const maxLastLines = 12
const maxLogBytes = 10_000_000

/**
 * Starts a part and resolves when it is ready. It gets its own process group, so that Ctrl-C reaches the launcher
 * alone, which stops the parts in order. Rejects with `StartFault` when the part ends or is not ready in time.
 */
export async function startChild(spec: ChildSpec, { logs, stop: stopSignal, onLine }: StartOptions): Promise<Running> {
  const child = spawn(process.execPath, [...(spec.nodeFlags ?? []), '--import', parentWatchdog, spec.script], {
    env: { ...spec.env, BIR_PARENT_PID: String(process.pid) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = openLog(join(logs, `${spec.name}.log`))
  const lastLines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`)
      lastLines.push(formatLogLine(line))
      if (lastLines.length > maxLastLines) lastLines.shift()
      onLine(spec.name, line)
    })
  }

  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => {
      log.end()
      resolve(`It ended with ${signal ?? `code ${code}`}.\n${lastLines.join('\n')}`.trim())
    })
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const late = Symbol('late')
    if ((await Promise.race([ended, delay(maxStopMs, late, { ref: false })])) === late) child.kill('SIGKILL')
    await ended
  }

  // A part can be started again for ever with the same signal, so an ended child must leave no listener behind.
  const onStop = () => child.kill('SIGTERM')
  stopSignal.addEventListener('abort', onStop, { once: true })
  const forget = () => stopSignal.removeEventListener('abort', onStop)
  ended.then(forget, forget)
  const outcome = await Promise.race([waitUntilHealthy(spec.healthUrl, AbortSignal.timeout(maxStartMs)), ended])
  if (outcome === 'healthy') return { stop, ended }
  await stop()
  throw new StartFault(
    `${spec.title} does not start. ${outcome === 'late' ? `It is not ready after ${maxStartMs / 1000} s.\n${lastLines.join('\n')}` : outcome}`,
  )
}

async function waitUntilHealthy(url: string, limit: AbortSignal): Promise<'healthy' | 'late'> {
  while (!limit.aborted) {
    const ok = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      async (response) => {
        await response.body?.cancel()
        return response.ok
      },
      () => false,
    )
    if (ok) return 'healthy'
    await delay(healthPollMs, undefined, { ref: false })
  }
  return 'late'
}

function openLog(file: string) {
  if (existsSync(file) && statSync(file).size > maxLogBytes) renameSync(file, `${file}.1`)
  const log = createWriteStream(file, { flags: 'a', mode: 0o600 })
  log.on('error', () => {}) // A full disk must not end the launcher. The parts report it themselves.
  return log
}

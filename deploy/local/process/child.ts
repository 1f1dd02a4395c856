import { spawn } from 'node:child_process'
import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { StartFault } from '../base/fault.ts'
import { inWords } from '../base/log-line.ts'
import type { Running } from './supervised.ts'

/** A part of the product, as a process of its own. */
export interface ChildSpec {
  name: string
  /** What a person calls it. */
  title: string
  script: string
  env: Record<string, string | undefined>
  /** Answers 200 when it is ready. */
  healthUrl: string
  nodeFlags?: string[]
}

interface Surroundings {
  logs: string
  /** Ends it even while it starts. */
  stop: AbortSignal
  onLine(name: string, line: string): void
}

const leash = fileURLToPath(new URL('./parent-watchdog.ts', import.meta.url))
const readyWithinMs = 60_000
const stopsWithinMs = 15_000
const healthPollMs = 50
const keptLines = 12
const maxLogBytes = 10_000_000

/** Starts it in its own process group (Ctrl-C is ours to hand on) and resolves when it is ready. */
export async function startChild(spec: ChildSpec, { logs, stop: stopSignal, onLine }: Surroundings): Promise<Running> {
  const child = spawn(process.execPath, [...(spec.nodeFlags ?? []), '--import', leash, spec.script], {
    env: { ...spec.env, BIR_LEASH: String(process.pid) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = openLog(join(logs, `${spec.name}.log`))
  const last: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`)
      last.push(inWords(line))
      if (last.length > keptLines) last.shift()
      onLine(spec.name, line)
    })
  }

  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => {
      log.end()
      resolve(`It ended with ${signal ?? `code ${code}`}.\n${last.join('\n')}`.trim())
    })
  })
  const stop = async () => {
    child.kill('SIGTERM')
    const late = Symbol('late')
    if ((await Promise.race([ended, delay(stopsWithinMs, late, { ref: false })])) === late) child.kill('SIGKILL')
    await ended
  }

  stopSignal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const outcome = await Promise.race([healthy(spec.healthUrl, AbortSignal.timeout(readyWithinMs)), ended])
  if (outcome === 'healthy') return { stop, ended }
  await stop()
  throw new StartFault(
    `${spec.title} does not start. ${outcome === 'late' ? `It is not ready after ${readyWithinMs / 1000} s.\n${last.join('\n')}` : outcome}`,
  )
}

async function healthy(url: string, limit: AbortSignal): Promise<'healthy' | 'late'> {
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
  log.on('error', () => {}) // a full disk must not end the launcher: the parts themselves say what they cannot do
  return log
}

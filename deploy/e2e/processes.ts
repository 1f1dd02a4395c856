import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@bir/data-plane/testing/waiting'
import { z } from 'zod'

export interface Process {
  pid: number
  command: string
}

const startsWithinMs = 100_000

const Note = z.object({ base: z.string() })

/**
 * Every process that belongs to a home: those with `BIR_HOME` in their environment, and its Postgres, which has none.
 * Linux only.
 */
function processesOf(home: string): Process[] {
  const note = join(home, 'postgres.json')
  const cluster = existsSync(note) ? Note.parse(JSON.parse(readFileSync(note, 'utf8'))).base : join(home, 'postgres')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: read(name, 'cmdline'), environment: read(name, 'environ') }))
    .filter(({ command, environment }) => command.includes(cluster) || environment.split('\n').includes(`BIR_HOME=${home}`))
}

/**
 * The processes of a home whose command contains `part`. Waits for the first one, because what was killed is started
 * again.
 */
export async function processesWith(home: string, part: string): Promise<[Process, ...Process[]]> {
  let processes: Process[] = []
  const look = () => (processes = processesOf(home).filter(({ command }) => command.includes(part) && !command.startsWith('/bin/sh')))
  await until(() => look().length > 0, `a process of ${part}`, startsWithinMs)
  return processes as [Process, ...Process[]]
}

/** Resolves when nothing of the home runs any more; rejects with what still does. */
export async function untilGone(home: string, withinMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + withinMs
  let left = processesOf(home)
  while (left.length > 0 && Date.now() < deadlineMs) {
    await delay(50)
    left = processesOf(home)
  }
  if (left.length > 0) throw new Error(`still running:\n${left.map(({ pid, command }) => `${pid} ${command}`).join('\n')}`)
}

function read(pid: string, what: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8').replaceAll('\0', what === 'cmdline' ? ' ' : '\n')
  } catch {
    return '' // ended meanwhile
  }
}

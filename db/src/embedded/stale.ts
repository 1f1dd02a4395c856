import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PostgresFault } from './fault.ts'

const maxWaitMs = 10_000
const pollMs = 50

/**
 * Ends a Postgres that a killed start left running on this cluster. We cannot adopt it, because only its parent
 * process can guard it. Deletes a pid file whose number now belongs to another program, because Postgres would refuse
 * to start.
 */
export async function endStale(data: string): Promise<void> {
  const pid = postmasterPid(data)
  if (!pid) return rmSync(join(data, 'postmaster.pid'), { force: true })
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!killIfOurs(pid, data, signal)) break
    if (await hasEnded(pid, data)) break
  }
  if (isOurs(pid, data))
    throw new PostgresFault(`A Postgres (process ${pid}) still serves ${data} and does not end: end it and start again.`)
  rmSync(join(data, 'postmaster.pid'), { force: true })
}

/** The process id that Postgres wrote into the pid file of this cluster. */
export function postmasterPid(data: string): number | undefined {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  return Number.isInteger(pid) && pid > 1 ? pid : undefined
}

/** Sends the signal only if the process is still the Postgres of this cluster: the system reuses process ids. */
export function killIfOurs(pid: number, data: string, signal: NodeJS.Signals): boolean {
  if (!isOurs(pid, data)) return false
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

function isOurs(pid: number, data: string): boolean {
  const command = commandOf(pid)
  return command.includes('postgres') && command.includes(data)
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

async function hasEnded(pid: number, data: string): Promise<boolean> {
  const deadlineMs = Date.now() + maxWaitMs
  while (Date.now() < deadlineMs) {
    if (!isOurs(pid, data)) return true
    await delay(pollMs)
  }
  return false
}

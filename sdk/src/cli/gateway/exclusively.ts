import { open, rm, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

const lookMs = 50
const waitMs = 10_000
/** Whoever holds a lock that long has died. It is longer than a request may take. */
const staleMs = 60_000

/**
 * Does something while no other command does it with the same file. A command that waits too long goes on all the same:
 * the gateway gives two that renew at once the same answer, for half a minute.
 */
export async function exclusively<T>(path: string, act: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const taken = await take(lock)
  try {
    return await act()
  } finally {
    if (taken) await rm(lock, { force: true })
  }
}

async function take(lock: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += lookMs) {
    try {
      await (await open(lock, 'wx', 0o600)).close()
      return true
    } catch (cause) {
      // A folder that cannot be written to: the gateway's half a minute must do.
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) return false
    }
    if (await isStale(lock)) await rm(lock, { force: true })
    else await setTimeout(lookMs)
  }
  return false
}

async function isStale(lock: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(lock)).mtimeMs > staleMs
  } catch {
    return false
  }
}

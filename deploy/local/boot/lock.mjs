import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { faultOf } from './command.mjs'

/**
 * Runs `work` while no other bootstrap of this checkout does.
 * The lock is a folder, because only one process can make it.
 */
export async function withLock(lock, work, onWait) {
  mkdirParent(lock)
  let isWaiting = false
  while (!take(lock)) {
    if (!isWaiting) onWait()
    isWaiting = true
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true })
    else await delay(200)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function mkdirParent(lock) {
  try {
    mkdirSync(dirname(lock), { recursive: true })
  } catch (error) {
    throw faultOf(error, dirname(lock))
  }
}

function take(lock) {
  try {
    mkdirSync(lock)
    writeFileSync(join(lock, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw faultOf(error, dirname(lock))
  }
}

/** Was the owner of the lock killed? A young lock without a pid belongs to a process that has not written it yet. */
function isAbandoned(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'))
    if (pid > 0) return !isAlive(pid)
    return Date.now() - statSync(lock).mtimeMs > 5_000
  } catch {
    return isOld(lock)
  }
}

function isOld(lock) {
  try {
    return Date.now() - statSync(lock).mtimeMs > 5_000
  } catch {
    return false
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

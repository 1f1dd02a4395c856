import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { faultOf } from './command.mjs'

/** Runs `work` while no other bootstrap of this checkout does: making a folder is the one step that only one can win. */
export async function withLock(lock, work, onWait) {
  mkdirParent(lock)
  let told = false
  while (!take(lock)) {
    if (!told) onWait()
    told = true
    if (abandoned(lock)) rmSync(lock, { recursive: true, force: true })
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

/** Its owner was killed. A lock so young that its pid is not written yet is somebody's. */
function abandoned(lock) {
  try {
    const pid = Number(readFileSync(join(lock, 'pid'), 'utf8'))
    if (pid > 0) return !alive(pid)
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

function alive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { StartFault } from '../base/fault.ts'

/**
 * Locks the home for this process. Returns a function that
 * releases it. Throws `StartFault` when another launcher has it.
 */
export function takeLock(file: string): () => void {
  const ownFile = `${file}.${process.pid}`
  writeFileSync(ownFile, String(process.pid), { mode: 0o600 })
  try {
    while (!link(ownFile, file)) {
      const holder = pidIn(file)
      if (holder && isLauncher(holder)) throw alreadyRunning(file, holder)
      removeStale(file, holder)
    }
  } finally {
    rmSync(ownFile, { force: true })
  }
  return () => {
    if (pidIn(file) === process.pid) rmSync(file, { force: true })
  }
}

/**
 * Makes the lock as a link to a finished file: only one process can, and the lock has its pid from the first moment.
 */
function link(ownFile: string, file: string): boolean {
  try {
    linkSync(ownFile, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Renames a stale lock before it is removed. If another process made a new lock in between, that one is put back. */
function removeStale(file: string, holder: number | undefined): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return // Another process has removed it.
  }
  if (pidIn(aside) !== holder) link(aside, file)
  rmSync(aside, { force: true })
}

function pidIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/** Is it the pid of a running launcher? The system reuses the pids of processes that have ended. */
function isLauncher(pid: number): boolean {
  if (pid === process.pid) return false
  return commandOf(pid).includes('start.ts')
}

function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  } catch {
    return ''
  }
}

const alreadyRunning = (file: string, pid: number) =>
  new StartFault(`Bir MCP is already running from this home (process ${pid}, ${file}): use it, or end it with "kill ${pid}" first.`)

import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { StartFault } from '../base/fault.ts'

/** Takes the home for this process, or says who has it. Returns how to give it back. */
export function takeLock(file: string): () => void {
  const own = `${file}.${process.pid}`
  writeFileSync(own, String(process.pid), { mode: 0o600 })
  try {
    while (!link(own, file)) {
      const holder = pidIn(file)
      if (holder && isLauncher(holder)) throw alreadyRunning(file, holder)
      removeStale(file, holder)
    }
  } finally {
    rmSync(own, { force: true })
  }
  return () => {
    if (pidIn(file) === process.pid) rmSync(file, { force: true })
  }
}

/** A link is made by one process alone, and holds its number from the first moment. */
function link(own: string, file: string): boolean {
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Taken away under another name first: should somebody have been quicker, theirs is put back. */
function removeStale(file: string, holder: number | undefined): void {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return // gone already
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

/** A number is reused after its process ended: it counts while it belongs to a launcher. */
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

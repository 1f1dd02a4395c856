import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform } from 'node:os'

export const machine = () => `${cpus().length} × ${cpus()[0]?.model ?? arch()}, ${platform()}, Node ${process.version}`

/** The load of the machine over the last minute. */
export const machineLoad = () => `load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/**
 * The user and system time in µs that all threads of a process have used so far (Linux: proc(5), fields 14 and 15).
 */
export const cpuUsOf = (pid: number): number => timesUsOf(pid).ownUs

/** Fields 14 to 17: the times of the process itself, and of its children that have ended. */
function timesUsOf(pid: number): { ownUs: number; endedChildrenUs: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map((ticks) => (Number(ticks) * 1e6) / ticksPerSecond)
  return { ownUs: user + system, endedChildrenUs: endedUser + endedSystem }
}

/** The resident memory of a process (Linux: proc(5), VmRSS). */
export function residentMbOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kb) * 1024) / 1e6
}

/** The pid of the process below `root` whose command line has a file. */
export function descendant(root: number, file: string): number {
  for (let level = [root]; level.length > 0;) {
    const match = level.find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .some((arg) => arg.endsWith(file)),
    )
    if (match !== undefined && match !== root) return match
    level = level.flatMap(childrenOf)
  }
  throw new Error(`no process runs ${file}`)
}

/** The CPU time in µs of a process and all processes below it, with those that have ended. */
export function cpuUsOfTree(root: number): number {
  let sum = 0
  for (let level = [root]; level.length > 0;) {
    const processes = level.flatMap(readIfRunning)
    sum += processes.reduce((total, { us }) => total + us, 0)
    level = processes.flatMap(({ children }) => children)
  }
  return sum
}

/** Empty when the process has ended meanwhile. */
function readIfRunning(pid: number): { us: number; children: number[] }[] {
  try {
    const { ownUs, endedChildrenUs } = timesUsOf(pid)
    return [{ us: ownUs + endedChildrenUs, children: childrenOf(pid) }]
  } catch {
    return []
  }
}

/** Suspends all processes below `root` except one. They go on when the result is disposed. */
export function suspend(root: number, except: number): Disposable {
  const below = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(below)]
  const pids = below(root).filter((pid) => pid !== except && pid !== root)
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => pids.forEach((pid) => existsSync(`/proc/${pid}`) && process.kill(pid, name))
  signal('SIGSTOP')
  return { [Symbol.dispose]: () => signal('SIGCONT') }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

export interface RunningProcess {
  pid: number
  /** Its arguments, with blanks between them. */
  command: string
}

/** All processes below `root`, itself included. */
export function processesBelow(root: number): RunningProcess[] {
  try {
    const command = readFileSync(`/proc/${root}/cmdline`, 'utf8').replaceAll('\0', ' ')
    return [{ pid: root, command }, ...childrenOf(root).flatMap(processesBelow)]
  } catch {
    return []
  }
}

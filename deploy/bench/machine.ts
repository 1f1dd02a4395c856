import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, platform } from 'node:os'

export const machine = () => `${cpus().length} × ${cpus()[0]?.model ?? arch()}, ${platform()}, Node ${process.version}`

/** How much else there was to do for the machine: over the last minute. */
export const machineLoad = () => `load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** User and system time a process has used so far, all its threads, in µs (Linux: proc(5), fields 14 and 15). */
export function cpuUsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond
}

/** Memory that a process has in use (Linux: proc(5), VmRSS). */
export function residentMbOf(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kb) * 1024) / 1e6
}

/** The process below `root` whose command line names a file. */
export function descendant(root: number, file: string): number {
  for (let open = [root]; open.length > 0;) {
    const found = open.find((pid) =>
      readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        .split('\0')
        .some((arg) => arg.endsWith(file)),
    )
    if (found !== undefined && found !== root) return found
    open = open.flatMap(childrenOf)
  }
  throw new Error(`no process runs ${file}`)
}

/** What a process and all below it have used so far. */
export function cpuUsOfTree(root: number): number {
  let sum = 0
  for (let open = [root]; open.length > 0;) {
    const here = open.flatMap(unlessEnded)
    sum += here.reduce((total, { us }) => total + us, 0)
    open = here.flatMap(({ children }) => children)
  }
  return sum
}

/** A process may end while it is looked at. */
function unlessEnded(pid: number): { us: number; children: number[] }[] {
  try {
    return [{ us: cpuUsOf(pid), children: childrenOf(pid) }]
  } catch {
    return []
  }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

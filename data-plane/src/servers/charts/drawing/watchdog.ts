import { parentPort, workerData } from 'node:worker_threads'
import { CPU_LIMIT_SIGNAL } from './job.ts'

export interface WatchdogData {
  /** The process id of the plane. */
  parent: number
  /** The CPU time that a job may take. */
  limitMs: number
}

const { parent, limitMs } = workerData as WatchdogData
const orphanCheckMs = 1_000
const cpuCheckMs = 50

// A process whose parent has ended belongs to another one.
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, orphanCheckMs)

let cpuTimer: NodeJS.Timeout | undefined
parentPort?.on('message', (state: 'begun' | 'ended') => {
  clearInterval(cpuTimer)
  if (state === 'begun') cpuTimer = watchCpu(process.cpuUsage())
})

/** Ends the process when the job that began at `start` has used up its CPU time. */
function watchCpu(start: NodeJS.CpuUsage): NodeJS.Timeout {
  return setInterval(() => {
    const { user, system } = process.cpuUsage(start)
    if ((user + system) / 1000 > limitMs) process.kill(process.pid, CPU_LIMIT_SIGNAL)
  }, cpuCheckMs)
}

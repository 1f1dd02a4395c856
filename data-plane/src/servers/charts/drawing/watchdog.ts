import { parentPort, workerData } from 'node:worker_threads'
import { SPENT } from './job.ts'

export interface Watched {
  /** The plane's process. */
  parent: number
  /** So much time of the processor a job may take. */
  limitMs: number
}

const { parent, limitMs } = workerData as Watched
const orphanEveryMs = 1_000
const spentEveryMs = 50

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, orphanEveryMs)

let looking: NodeJS.Timeout | undefined
parentPort?.on('message', (what: 'begun' | 'ended') => {
  clearInterval(looking)
  if (what === 'begun') looking = lookFrom(process.cpuUsage())
})

/** Ends the process once the job that began then has spent what it may. */
function lookFrom(before: NodeJS.CpuUsage): NodeJS.Timeout {
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1000 > limitMs) process.kill(process.pid, SPENT)
  }, spentEveryMs)
}

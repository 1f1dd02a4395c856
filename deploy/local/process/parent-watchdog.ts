// The parent watchdog. It is preloaded into every child of the launcher.
// When the launcher has ended, even by kill -9, it ends the child.
import { isMainThread } from 'node:worker_threads'

const checkMs = 500
const graceMs = 5_000

if (isMainThread) {
  const parentPid = Number(process.env.BIR_PARENT_PID) || process.ppid
  delete process.env.BIR_PARENT_PID // A process that this one forks inherits the preload, and must watch this one.
  const watchdog = setInterval(() => {
    if (process.ppid === parentPid) return
    clearInterval(watchdog)
    setTimeout(() => process.exit(1), graceMs).unref()
    process.kill(process.pid, 'SIGTERM')
  }, checkMs).unref()
}

// Preloaded into every child of the launcher: when the launcher is gone, however it ended, the child ends too.
import { isMainThread } from 'node:worker_threads'

const checkMs = 500
const graceMs = 5_000

if (isMainThread) {
  const launcher = Number(process.env.BIR_LEASH) || process.ppid
  delete process.env.BIR_LEASH // a child of ours that inherits this preload is leashed to us
  const watch = setInterval(() => {
    if (process.ppid === launcher) return
    clearInterval(watch)
    setTimeout(() => process.exit(1), graceMs).unref()
    process.kill(process.pid, 'SIGTERM')
  }, checkMs).unref()
}

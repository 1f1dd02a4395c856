import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const parentCheckMs = 500

/**
 * Runs a child in the foreground and resolves with its exit code. Signals are passed on to it. A parent watchdog
 * stops the child when our own parent has ended (kill -9 of npm), so that no process outlives the command.
 */
export async function runForeground(file, args, { cwd, env, onStart }) {
  const child = spawn(file, args, { cwd, env, stdio: 'inherit' })
  onStart?.(child)
  const forward = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, forward)

  const parentPid = process.ppid
  const parentWatchdog = setInterval(() => {
    if (process.ppid !== parentPid) child.kill('SIGTERM')
  }, parentCheckMs)

  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
    })
  } finally {
    clearInterval(parentWatchdog)
    for (const signal of signals) process.off(signal, forward)
  }
}

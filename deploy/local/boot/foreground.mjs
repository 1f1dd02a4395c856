import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const parentCheckMs = 500

/**
 * Runs a child in the foreground and resolves with its exit code. Signals pass on to it, and when our own parent
 * disappears (kill -9 of npm) it is asked to end: nothing outlives the command that was typed.
 */
export async function runForeground(file, args, { cwd, env, onStart }) {
  const child = spawn(file, args, { cwd, env, stdio: 'inherit' })
  onStart?.(child)
  const forward = (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, forward)

  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM')
  }, parentCheckMs)

  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
    })
  } finally {
    clearInterval(watch)
    for (const signal of signals) process.off(signal, forward)
  }
}

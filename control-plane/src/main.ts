import { readConfig } from './config.ts'
import { log, wordsOf } from './log.ts'
import { startControlPlane } from './start.ts'

try {
  const running = await startControlPlane(readConfig(), log)
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    running.close().catch((error: unknown) => {
      log('error', 'stop-failed', { why: wordsOf(error) })
      process.exitCode = 1
    })
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop)
} catch (error) {
  log('error', 'start-failed', { why: wordsOf(error) })
  process.exit(1)
}

import { readNotesConfig } from './config.ts'
import { startNotes } from './start-notes.ts'

try {
  const notes = await startNotes(readNotesConfig())
  process.stdout.write(`${JSON.stringify({ level: 'info', event: 'listening', url: notes.url })}\n`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void notes.close())
} catch (error) {
  process.stderr.write(`${JSON.stringify({ level: 'error', event: 'start-failed', detail: String(error) })}\n`)
  process.exitCode = 1
}

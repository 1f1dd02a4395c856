import { readIdpConfig } from './config.ts'
import { startIdp } from './start-idp.ts'

try {
  const idp = await startIdp(readIdpConfig())
  process.stdout.write(`${JSON.stringify({ level: 'info', event: 'listening', issuer: idp.issuer })}\n`)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void idp.close())
} catch (error) {
  process.stderr.write(`${JSON.stringify({ level: 'error', event: 'start-failed', detail: String(error) })}\n`)
  process.exitCode = 1
}

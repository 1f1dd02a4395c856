import { readConfig } from './config.ts'
import { createPortal } from './server.ts'

const log = (level: 'info' | 'error', event: string, fields: object = {}) =>
  process.stdout.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...fields })}\n`)

try {
  const config = readConfig()
  const server = createPortal(config)
  server.once('error', (error) => {
    log('error', 'listen-failed', { detail: error.message })
    process.exitCode = 1
  })
  server.listen(config.port, config.host, () => log('info', 'listening', { address: server.address() }))
  const stop = () => {
    server.close()
    server.closeIdleConnections()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
} catch (error) {
  log('error', 'start-failed', { detail: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
}

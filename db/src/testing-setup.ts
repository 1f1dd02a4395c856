import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import type { EmbeddedPostgres } from './embedded.ts'

/**
 * vitest's global setup: one cluster for the whole run, started by the first test that asks for it over loopback,
 * so that a run without a database pays nothing. The answer is its address.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const home = mkdtempSync(join(tmpdir(), 'bir-test-'))
  let started: Promise<EmbeddedPostgres> | undefined
  const start = () => (started ??= startEmbeddedPostgres({ home, settings: { fsync: 'off', max_connections: '120' } }))

  const broker = createServer((_request, response) => {
    start().then(
      ({ superuserUrl }) => response.end(superuserUrl),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve))
  const address = broker.address()
  process.env.BIR_TEST_POSTGRES = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`

  return async () => {
    broker.close()
    broker.closeAllConnections()
    const postgres = await started?.catch(() => undefined)
    await postgres?.stop()
    removeEmbeddedPostgres(home)
    rmSync(home, { recursive: true, force: true })
  }
}

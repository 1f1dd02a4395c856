import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import type { EmbeddedPostgres } from './embedded.ts'

const prefix = 'bir-test-run-'

/**
 * The global setup of vitest: one cluster for the whole run. The first test that needs it asks this HTTP server for
 * the address, which starts the cluster. A run that needs no database starts none.
 */
export default async function setup(): Promise<() => Promise<void>> {
  removeLeftovers()
  const home = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
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

/** Removes what earlier runs left that were killed before they could clean up. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN)
    if (!Number.isInteger(pid) || isAlive(pid)) continue
    removeEmbeddedPostgres(join(tmpdir(), name))
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

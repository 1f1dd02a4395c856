import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'
import type { EmbeddedPostgres } from './embedded.ts'

const prefix = 'bir-test-run-'

/**
 * vitest's global setup: one cluster for the whole run, started by the first test that asks for it over loopback,
 * so that a run without a database pays nothing. The answer is its address.
 */
export default async function setup(): Promise<() => Promise<void>> {
  sweep()
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

/** A run that was killed could not clean up: the next one does it. */
function sweep(): void {
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

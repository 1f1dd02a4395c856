import type { PoolClient } from 'pg'
import type { OpenConnection } from '../../connection/open-connection.ts'
import { clientConfig, loadPg, readLogIn } from './log-in.ts'

/**
 * Cancels the client's query. It logs in outside the pool, because all clients of the pool may be running such
 * queries.
 */
export async function cancelQuery(client: PoolClient, { settings, readSecret }: OpenConnection): Promise<void> {
  const { processID } = client as unknown as { processID: number | null }
  if (processID === null) return
  const { Client } = await loadPg()
  const canceller = new Client(clientConfig(settings, await readLogIn(settings, readSecret)))
  try {
    await canceller.connect()
    await canceller.query('select pg_cancel_backend($1)', [processID])
  } finally {
    await canceller.end().catch(() => undefined)
  }
}

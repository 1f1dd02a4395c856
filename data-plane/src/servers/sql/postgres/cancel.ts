import type { PoolClient } from 'pg'
import type { OpenConnection } from '../connection/open-connection.ts'
import { clientConfig, loadPg } from './pool.ts'

/** Stops what the client's backend is doing, over a connection of its own: the pool may be full of queries to be stopped. */
export async function cancelBackend(client: PoolClient, { connection, readSecret }: OpenConnection): Promise<void> {
  const { processID } = client as unknown as { processID: number | null }
  if (processID === null) return
  const { Client } = await loadPg()
  const other = new Client(clientConfig(connection, () => readSecret))
  try {
    await other.connect()
    await other.query('select pg_cancel_backend($1)', [processID])
  } finally {
    await other.end().catch(() => undefined)
  }
}

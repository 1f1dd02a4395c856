import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import type { Database } from './schema.ts'

export type { Database } from './schema.ts'

/** A pool of connections to the gateway's database. `destroy()` closes them. */
export function connect(url: string, { maxConnections = 10 }: { maxConnections?: number } = {}): Kysely<Database> {
  const pool = new Pool({ connectionString: url, max: maxConnections })
  // An idle connection that breaks is replaced at its next use, which is where a failure is told; unheard it would end the process.
  pool.on('error', () => {})
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}

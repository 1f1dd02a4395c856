import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import type { Database } from './schema.ts'

export type { Database } from './schema.ts'

/** A prepared statement. Each connection parses and plans it once, and then knows it by its name. */
export interface Prepared {
  name: string
  text: string
}

/** The gateway's database. */
export class Db extends Kysely<Database> {
  private readonly pool: Pool

  constructor(pool: Pool) {
    super({ dialect: new PostgresDialect({ pool }) })
    this.pool = pool
  }

  /**
   * Runs a prepared statement outside any transaction, and resolves with the number of its rows. Use it for
   * statements with large values: if Postgres planned them at each call, it would copy the values into every step of
   * planning.
   */
  async run({ name, text }: Prepared, values: readonly unknown[]): Promise<number> {
    const { rowCount } = await this.pool.query({ name, text, values: [...values] })
    return rowCount ?? 0
  }
}

/** A pool of connections to the gateway's database. `destroy()` closes them. */
export function connect(url: string, { maxConnections = 10 }: { maxConnections?: number } = {}): Db {
  const pool = new Pool({ connectionString: url, max: maxConnections })
  // The pool replaces an idle connection that broke, and the next query reports a failure if there still is one.
  // Without this listener the 'error' event would end the process.
  pool.on('error', () => {})
  // The pool listens to idle connections alone. One that breaks while it is in use fails its query, and tells it here.
  pool.on('connect', (client) => client.on('error', () => {}))
  return new Db(pool)
}

import { Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import type { Database } from './schema.ts'

export type { Database } from './schema.ts'

/** What a connection parses and plans once and then knows by its name. */
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
   * Runs a statement outside any transaction and says how many rows it gave. For what carries much: planned anew each
   * time, the values would be copied into every step of planning.
   */
  async run({ name, text }: Prepared, values: readonly unknown[]): Promise<number> {
    const { rowCount } = await this.pool.query({ name, text, values: [...values] })
    return rowCount ?? 0
  }
}

/** A pool of connections to the gateway's database. `destroy()` closes them. */
export function connect(url: string, { maxConnections = 10 }: { maxConnections?: number } = {}): Db {
  const pool = new Pool({ connectionString: url, max: maxConnections })
  // An idle connection that breaks is replaced at its next use, which is where a failure is told; unheard it would end the process.
  pool.on('error', () => {})
  return new Db(pool)
}

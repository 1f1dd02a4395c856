import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** Whether a plane opens tokens that other planes seal to its key when they forward a request. Earlier ones do not. */
const statements = [`alter table planes add column opens_sealed boolean not null default false`]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

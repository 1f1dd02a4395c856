import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** Whether a plane speaks to a server over HTTP+SSE. `era` keeps its values: earlier versions know no others. */
const statements = [`alter table server_health add column over_sse boolean not null default false`]

export const effect = 'expand'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

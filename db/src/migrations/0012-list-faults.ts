import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** What is wrong with the lists of each remote server, as each plane last told: sentences. */
const statements = [
  `create table list_faults (
    plane uuid not null references planes on delete cascade,
    server text not null references servers on delete cascade,
    url text not null,
    faults text[] not null,
    reported_at timestamptz not null,
    primary key (plane, server)
  )`,
]

export const effect = 'expand'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

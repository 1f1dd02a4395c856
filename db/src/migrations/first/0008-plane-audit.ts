import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** What each plane last told of its audit. A plane of an older version tells nothing: its columns stay as they are. */
const statements = [
  `alter table planes
    add column audit_written bigint,
    add column audit_told_at timestamptz,
    add column audit_waiting_since timestamptz,
    add column audit_apart integer not null default 0,
    add column audit_why text,
    add column audit_ended boolean not null default false`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

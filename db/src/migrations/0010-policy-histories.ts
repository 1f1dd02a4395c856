import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/**
 * Numbers of revisions count within a history. A database that was set back, such as one restored from a backup,
 * begins a new one. What each plane holds is told by history and root too, because equal numbers may then mean
 * different policies.
 */
const statements = [
  `create table histories (
    number integer primary key,
    id uuid not null unique,
    above bigint not null,
    place text,
    why text not null,
    plane uuid,
    began_at timestamptz not null default now()
  )`,
  `alter table revisions add column history uuid`,
  `alter table planes
    add column held_history text,
    add column held_root text,
    add column clock_off_ms bigint,
    add column forgotten boolean not null default false`,
]

export const effect = 'expand'

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

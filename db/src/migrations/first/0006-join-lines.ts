import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/**
 * Lines that let planes join, each with its own secret, of which only the SHA-256 is stored. They replace the one
 * secret that never changed: it is deleted here, so that no line of that time admits a plane any more.
 */
const statements = [
  `create table join_lines (
    id uuid primary key,
    secret_hash text not null unique,
    origin text not null check (origin in ('invitation', 'file')),
    name text,
    uses integer not null check (uses > 0),
    used integer not null default 0 check (used between 0 and uses),
    made_by text not null,
    made_at timestamptz not null default now(),
    until timestamptz not null,
    void_at timestamptz,
    void_reason text check (void_reason in ('revoked', 'expulsion')),
    check ((void_at is null) = (void_reason is null))
  )`,
  `alter table planes
    add column join_line uuid references join_lines,
    add column joined_after uuid references planes on delete set null`,
  `create index on planes (join_line)`,
  `delete from keys where purpose = 'join'`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

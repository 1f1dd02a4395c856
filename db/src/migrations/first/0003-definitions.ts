import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/**
 * Remote servers and the tools they offer. Definitions are in a text column, because canonical JSON may hold what a
 * json column refuses.
 */
const statements = [
  `alter table servers drop constraint servers_kind_check`,
  `alter table servers add constraint servers_kind_check check (kind in ('mounted', 'remote'))`,
  `alter table servers add column registered_by text`,
  `alter table servers add column examined boolean not null default false`,
  `create table definitions (
    server text not null references servers on delete cascade,
    name text not null,
    hash text not null check (hash ~ '^[0-9a-f]{64}$'),
    definition text not null,
    read_only boolean,
    destructive boolean,
    state text not null check (state in ('approved', 'pending', 'retired')),
    mark text check (mark in ('new', 'changed')),
    flags text[] not null default '{}',
    reviewed text,
    decided_by text,
    first_seen timestamptz not null default now(),
    primary key (server, name, hash)
  )`,
  `create unique index definitions_one_pending on definitions (server, name) where state = 'pending'`,
  `create unique index definitions_one_decided on definitions (server, name) where state <> 'pending'`,
  `create index definitions_hash on definitions (hash) where state = 'approved'`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

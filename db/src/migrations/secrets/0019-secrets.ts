import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * What is known of secrets, never their values: those lie in the store. Only the embedded store keeps them here, each
 * sealed with the key of its holder (`secret_keys`), which the master key wraps: whoever deletes the key of a holder
 * erases all their secrets.
 */
const statements = [
  `create table secrets (
    id uuid primary key,
    holder_kind text not null check (holder_kind in ('person', 'group', 'shared')),
    holder_id uuid not null,
    server text not null,
    fields text[] not null,
    version integer not null,
    store text not null,
    store_version text,
    audience text not null,
    state text not null,
    verdict jsonb,
    level text,
    expires_at timestamptz,
    saved_at timestamptz not null default now(),
    saved_by text not null,
    checked_at timestamptz,
    check_after timestamptz,
    unique (holder_id, server)
  )`,
  `create index secrets_by_state on secrets (state, id)`,
  `create index secrets_by_server on secrets (server, id)`,
  `create index secrets_by_check on secrets (check_after) where check_after is not null`,
  `create index secrets_by_end on secrets (expires_at) where expires_at is not null`,
  `create table secret_keys (holder text primary key, wrapped bytea not null, made_at timestamptz not null default now())`,
  `create table secret_values (
    path text primary key,
    holder text not null references secret_keys (holder) on delete cascade,
    version integer not null,
    sealed bytea not null
  )`,
  `create index secret_values_by_holder on secret_values (holder)`,
  `create table secret_history (
    id uuid primary key,
    holder_kind text not null,
    holder_id uuid not null,
    server text not null,
    at timestamptz not null default now(),
    by text not null,
    act text not null,
    version integer,
    state text,
    verdict jsonb
  )`,
  `create index secret_history_by_secret on secret_history (holder_id, server, id desc)`,
  `create index secret_history_by_time on secret_history (at)`,
  `create table secret_check_orders (
    id uuid not null,
    plane uuid not null,
    box text not null,
    ordered_at timestamptz not null default now(),
    verdict jsonb,
    primary key (id, plane)
  )`,
  `create index secret_check_orders_by_plane on secret_check_orders (plane, ordered_at)`,
  // Values that are still in the store although nobody may use them any more.
  `create table secret_erasures (
    holder_kind text not null,
    holder_id uuid not null,
    server text not null,
    since timestamptz not null default now(),
    primary key (holder_id, server)
  )`,
  `alter table servers add column secret jsonb`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

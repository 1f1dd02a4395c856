import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/**
 * The tables of the policy. A migration is plain SQL and uses nothing of our code, so that it stays the same when the
 * code changes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

const level = `check (level in ('disabled', 'read', 'write', 'destroy'))`
const handle = `check (handle ~ '^[a-z0-9][a-z0-9._@-]{0,63}$')`

const holder = `
  holder_kind text not null check (holder_kind in ('user', 'group', 'everyone')),
  holder_id uuid not null check ((holder_kind = 'everyone') = (holder_id = '00000000-0000-7000-8000-000000000000')),
  server text not null references servers on delete cascade`

const statements = [
  `create table users (
    id uuid primary key,
    handle text not null unique ${handle},
    provider text not null,
    subject text not null,
    name text,
    email text,
    administrator boolean not null default false,
    disabled boolean not null default false,
    epoch bigint not null default 0,
    bucket integer not null generated always as (('x' || right(id::text, 3))::bit(12)::integer) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (provider, subject)
  )`,
  `create index users_bucket on users (bucket)`,
  `create index users_epoch on users (id) where epoch > 0`,
  `create table groups (
    id uuid primary key,
    handle text not null unique ${handle},
    title text,
    created_at timestamptz not null default now()
  )`,
  `create table memberships (
    group_id uuid not null references groups on delete cascade,
    user_id uuid not null references users on delete cascade,
    primary key (group_id, user_id)
  )`,
  `create index memberships_user on memberships (user_id)`,
  `create table servers (
    id text primary key check (id ~ '^[a-z0-9-]{1,32}$' and id <> 't'),
    kind text not null check (kind in ('mounted')),
    title text,
    settings jsonb not null default '{}',
    labels jsonb not null default '{}',
    killed boolean not null default false,
    created_at timestamptz not null default now()
  )`,
  `create table grants (
    id uuid primary key,
    ${holder},
    level text not null ${level},
    allow text[],
    deny text[],
    expires_at timestamptz,
    created_at timestamptz not null default now()
  )`,
  `create index grants_holder on grants (holder_id)`,
  `create index grants_server on grants (server)`,
  `create table restrictions (
    id uuid primary key,
    ${holder},
    connection text not null,
    allow text[],
    deny text[],
    hide jsonb,
    mask jsonb,
    max_rows integer check (max_rows > 0),
    timeout_ms integer check (timeout_ms > 0),
    created_at timestamptz not null default now()
  )`,
  `create index restrictions_holder on restrictions (holder_id)`,
  `create index restrictions_server on restrictions (server)`,
  `create table selections (
    user_id uuid not null references users on delete cascade,
    server text not null references servers on delete cascade,
    level text ${level},
    off text[],
    primary key (user_id, server)
  )`,
  `create index selections_server on selections (server)`,
  `create table settings (
    "only" boolean primary key default true check ("only"),
    "values" jsonb not null default '{}'
  )`,
  `create table dirty (
    id bigint generated always as identity primary key,
    part text not null
  )`,
  `create table classes (
    key text primary key,
    holders uuid[] not null,
    buckets integer not null
  )`,
  `create table bucket_classes (
    bucket integer primary key,
    keys text[] not null
  )`,
]

import { sql } from 'kysely'
import type { Kysely } from 'kysely'

const statements = [
  `create table keys (
    kid text primary key,
    purpose text not null,
    wrapped bytea not null,
    created_at timestamptz not null default now(),
    active_at timestamptz not null
  )`,
  `create index on keys (purpose, active_at desc)`,

  `create table planes (
    id uuid primary key,
    name text not null,
    public_jwk text not null,
    sealing_jwk text not null,
    internal_url text,
    joined_at timestamptz not null default now(),
    seen_at timestamptz,
    revision bigint,
    rejected_revision bigint,
    rejected_reasons text[] not null default '{}',
    expelled_at timestamptz
  )`,

  // HTTP answers compress chunks when the client accepts it, so compressing them here too would only cost time.
  `create table chunks (sha256 text primary key, bytes bytea not null, unused_since bigint)`,
  `alter table chunks alter column bytes set storage external`,
  `create index on chunks (unused_since) where unused_since is not null`,
  `create table chunk_slots (slot text primary key, sha256 text not null references chunks)`,
  `create index on chunk_slots (sha256)`,
  `create table revisions (
    revision bigint primary key,
    root text not null,
    manifest text not null,
    at timestamptz not null default now()
  )`,

  `create table provider_memberships (
    group_id uuid not null,
    user_id uuid not null,
    primary key (group_id, user_id),
    foreign key (group_id, user_id) references memberships on delete cascade
  )`,
  `create table revocations (
    kind text not null,
    id text not null,
    expires_at timestamptz not null,
    primary key (kind, id)
  )`,
  `create table used_assertions (id text primary key, expires_at timestamptz not null)`,

  `create table audit_chains (plane uuid primary key, seq bigint not null, hash text not null)`,
  `create table audit_headers (
    plane uuid not null,
    seq bigint not null,
    at timestamptz not null,
    header text not null,
    hash text not null,
    kind text not null,
    subject text,
    handle text,
    server text,
    tool text,
    outcome text,
    reason text,
    primary key (plane, seq, at)
  ) partition by range (at)`,
  `create index on audit_headers (at desc, plane desc, seq desc)`,
  `create index on audit_headers (handle, at desc) where handle is not null`,
  `create table audit_bodies (
    plane uuid not null,
    seq bigint not null,
    at timestamptz not null,
    args bytea,
    result bytea,
    stored_at timestamptz not null default now(),
    primary key (plane, seq, at)
  ) partition by range (at)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * The state of the authorization server. Whatever a client or a browser must keep secret (codes, refresh tokens, client
 * secrets, personal access tokens) is here as a SHA-256 alone. A service account is a row of `users`, so that it holds
 * grants as a person does.
 */
const statements = [
  `alter table users add column kind text not null default 'person' check (kind in ('person', 'service'))`,

  `create table policy_sections (name text primary key, value jsonb not null)`,

  `create table oauth_clients (
    client_id text primary key,
    kind text not null check (kind in ('registered', 'administered', 'service')),
    handle text unique,
    name text not null,
    metadata jsonb not null,
    secret_hash text,
    registration_hash text,
    user_id uuid references users on delete cascade,
    made_by text not null,
    made_at timestamptz not null default now(),
    used_at timestamptz,
    expires_at timestamptz
  )`,
  `create index oauth_clients_expiry on oauth_clients (expires_at) where expires_at is not null`,

  `create table client_documents (
    client_id text primary key,
    document jsonb not null,
    etag text,
    fetched_at timestamptz not null,
    fresh_until timestamptz not null
  )`,

  `create table sessions (
    sid uuid primary key,
    user_id uuid not null references users on delete cascade,
    kind text not null check (kind in ('browser', 'client', 'token')),
    client_id text not null,
    client_name text,
    audience text,
    actor text,
    provider text,
    provider_session text,
    id_token bytea,
    remembered boolean not null default false,
    ip text,
    user_agent text,
    made_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    idle_until timestamptz not null,
    until timestamptz not null,
    ended_at timestamptz,
    end_reason text
  )`,
  `create index sessions_of_user on sessions (user_id, made_at)`,
  `create index sessions_end on sessions (until)`,

  `create table sign_ins (
    id_hash text primary key,
    browser_hash text not null,
    purpose text not null check (purpose in ('authorize', 'device', 'page')),
    request jsonb not null,
    client_id text,
    provider text,
    sid uuid,
    made_at timestamptz not null default now(),
    expires_at timestamptz not null,
    finished_at timestamptz
  )`,
  `create index sign_ins_expiry on sign_ins (expires_at)`,
  `create index sign_ins_of_session on sign_ins (sid)`,

  `create table authorization_codes (
    code_hash text primary key,
    sid uuid not null references sessions on delete cascade,
    client_id text not null,
    redirect_uri text not null,
    code_challenge text not null,
    audience text not null,
    scope text not null,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,
  `create index authorization_codes_expiry on authorization_codes (expires_at)`,
  `create index authorization_codes_of_session on authorization_codes (sid)`,

  `create table refresh_tokens (
    token_hash text primary key,
    sid uuid not null references sessions on delete cascade,
    client_id text not null,
    made_at timestamptz not null default now(),
    replaced_at timestamptz,
    replaced_by text,
    answer bytea
  )`,
  `create index refresh_tokens_of_session on refresh_tokens (sid)`,

  `create table device_codes (
    device_hash text primary key,
    user_code_hash text not null unique,
    client_id text not null,
    audience text not null,
    scope text not null,
    ip text,
    user_agent text,
    interval_s int not null,
    polled_at timestamptz,
    state text not null default 'pending' check (state in ('pending', 'approved', 'denied', 'used')),
    sid uuid references sessions on delete cascade,
    made_at timestamptz not null default now(),
    expires_at timestamptz not null
  )`,
  `create index device_codes_expiry on device_codes (expires_at)`,
  `create index device_codes_of_session on device_codes (sid)`,

  `create table consents (
    user_id uuid not null references users on delete cascade,
    client_id text not null,
    redirect_host text not null,
    audience text not null,
    scope text not null,
    given_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    primary key (user_id, client_id, redirect_host, audience)
  )`,

  `create table personal_tokens (
    id uuid primary key,
    user_id uuid not null references users on delete cascade,
    name text not null,
    token_hash text not null unique,
    servers text[],
    networks text[],
    made_by text not null,
    made_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz
  )`,
  `create index personal_tokens_of_user on personal_tokens (user_id)`,

  `create table attempt_counts (
    key text not null,
    window_start timestamptz not null,
    count int not null,
    primary key (key, window_start)
  )`,

  `alter table audit_headers add column call text`,
  `create index audit_headers_call on audit_headers (call) where call is not null`,

  `alter table planes add column offline_calls bigint`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

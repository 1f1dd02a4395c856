import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** The last health report of each plane about each remote server. Only the newest is stored: metrics keep history. */
const statements = [
  `create table server_health (
    plane uuid not null references planes on delete cascade,
    server text not null references servers on delete cascade,
    url text not null,
    state text not null check (state in ('unknown', 'up', 'down')),
    era text check (era in ('legacy', 'modern')),
    breaker text not null check (breaker in ('closed', 'open')),
    last_success_at timestamptz,
    last_error_at timestamptz,
    last_error text,
    latency_ms double precision,
    reported_at timestamptz not null,
    primary key (plane, server)
  )`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/** Which access tokens were exchanged for which, and by whom, so that they end together. A row lives as its token. */
const statements = [
  `create table exchanged_tokens (
    jti uuid primary key,
    sid uuid not null references sessions on delete cascade,
    subject_jti uuid,
    actor_id uuid,
    actor_jti uuid,
    actor_sid uuid,
    actor text,
    client_id text not null,
    expires_at timestamptz not null
  )`,
  `create index exchanged_tokens_of_session on exchanged_tokens (sid)`,
  `create index exchanged_tokens_expiry on exchanged_tokens (expires_at)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

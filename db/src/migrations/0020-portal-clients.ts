import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/** Whether a client is a portal: its refresh token is a handle, which does not rotate and reaches the API too. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table oauth_clients add column portal boolean not null default false`).execute(db)
}

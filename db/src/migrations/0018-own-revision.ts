import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * Whether a change gives a new revision also where the planes get the same policy as before, because only the control
 * plane reads what was changed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table dirty add column own_revision boolean not null default false`).execute(db)
}

import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/** Whether somebody vouches for a person's address. Of people from before nobody knows it until they sign in again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table users add column email_verified boolean not null default false`).execute(db)
}

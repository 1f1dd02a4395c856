import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/** How often a plane was given an order to try a secret. One that asks again after it was given it has taken it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`alter table secret_check_orders add column given integer not null default 0`).execute(db)
}

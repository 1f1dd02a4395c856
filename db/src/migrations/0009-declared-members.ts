import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * A membership that the identity provider gave may be declared too, by a policy file or an administrator. Rows from
 * before count as given by the provider alone. A membership without a row here is declared.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table provider_memberships add column declared boolean not null default false`.execute(db)
}

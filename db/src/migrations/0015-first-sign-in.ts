import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * Whom a file declares by `subject` has a subject before anybody came with it. Of rows from before this counts while
 * nothing has changed them since they were made. Whom a file disabled is told from whom an administrator did; of rows
 * from before nobody knows, so they stay disabled until an administrator enables them.
 */
const statements = [
  `alter table users
    add column awaits_subject boolean not null default false,
    add column disabled_by_file boolean not null default false`,
  `update users set awaits_subject = true
    where claimed and declared->>'subject' = subject and updated_at = created_at
      and not exists (select from provider_memberships where user_id = users.id)`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

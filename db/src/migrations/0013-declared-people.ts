import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * People whom a policy file declares. Everybody from before has signed in or was made by an administrator: the provider
 * knows them. A version from before refuses a sign-in with the handle of a person who is not known, and no other.
 */
const statements = [
  `alter table users
    add column declared jsonb,
    add column claimed boolean not null default true,
    add column awaits_email text`,
  `create unique index users_awaits_email on users (provider, awaits_email) where awaits_email is not null`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

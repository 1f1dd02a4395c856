import { sql } from 'kysely'
import type { Kysely } from 'kysely'

export const effect = 'expand'

/**
 * Since when records of a plane are missing, as the control plane itself found, and the last of them. The plane may
 * know nothing of it: it sent them, and the database was set back. A version from before reads and writes neither.
 */
const statements = [
  `alter table planes
    add column audit_gap_to bigint,
    add column audit_gap_since timestamptz`,
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db)
}

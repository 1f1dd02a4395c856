import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** Tokens and sessions that are void before their time; what has expired by itself is left out. */
export async function readRevoked(db: Kysely<Database>): Promise<{ tokens: string[]; sessions: string[] }> {
  const rows = await db
    .selectFrom('revocations')
    .select(['kind', 'id'])
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('id')
    .execute()
  const of = (kind: 'token' | 'session') => rows.filter((row) => row.kind === kind).map(({ id }) => id)
  return { tokens: of('token'), sessions: of('session') }
}

import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'

/** The revoked tokens and sessions, without those that have expired anyway. */
export async function readRevocations(db: Kysely<Database>): Promise<{ tokens: string[]; sessions: string[] }> {
  const rows = await db
    .selectFrom('revocations')
    .select(['kind', 'id'])
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('id')
    .execute()
  const idsOf = (kind: 'token' | 'session') => rows.filter((row) => row.kind === kind).map(({ id }) => id)
  return { tokens: idsOf('token'), sessions: idsOf('session') }
}

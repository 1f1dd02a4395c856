import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'

/** True at the first use of the id on any replica, false at every later one. */
export async function isFirstUse(db: Kysely<Database>, id: string, expiresAt: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('used_assertions')
    .values({ id, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** Deletes used assertions and revocations that have expired: an expired token is refused without them. */
export async function deleteExpired(db: Kysely<Database>): Promise<void> {
  const now = new Date()
  await db.deleteFrom('used_assertions').where('expires_at', '<', now).execute()
  await db.deleteFrom('revocations').where('expires_at', '<', now).execute()
}

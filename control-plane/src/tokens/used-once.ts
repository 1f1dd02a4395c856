import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'

/** True the first time, on whichever replica. */
export async function isFirstUse(db: Kysely<Database>, id: string, expiresAt: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('used_assertions')
    .values({ id, expires_at: expiresAt })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

/** What has expired would be refused anyway. */
export async function forgetUsed(db: Kysely<Database>): Promise<void> {
  const now = new Date()
  await db.deleteFrom('used_assertions').where('expires_at', '<', now).execute()
  await db.deleteFrom('revocations').where('expires_at', '<', now).execute()
}

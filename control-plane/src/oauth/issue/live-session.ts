import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { readSettings } from '../../settings/settings.ts'
import { isAlive, isInForce } from '../../sessions/life.ts'
import type { SessionRow } from '../../sessions/life.ts'
import { slideSession as slide } from '../../sessions/slide-session.ts'
import type { UserRow } from '../../users/users.ts'

/** A session that goes on, with its person, who is not disabled. */
export interface LiveSession {
  row: SessionRow
  user: UserRow
}

/** Undefined when the session has ended, in whichever way, or its person may do nothing any more. */
export async function liveSession(db: Kysely<Database>, sid: string): Promise<LiveSession | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirst()
  if (!row) return undefined
  const { session: settings } = await readSettings(db)
  const user = await db.selectFrom('users').selectAll().where('id', '=', row.user_id).executeTakeFirstOrThrow()
  return isAlive(row, settings, Date.now()) && isInForce(row, user) ? { row, user } : undefined
}

/** The session was used: it does not end by being idle. */
export async function slideSession(db: Kysely<Database>, row: SessionRow): Promise<void> {
  const { session: settings } = await readSettings(db)
  await slide(db, row, settings, Date.now())
}

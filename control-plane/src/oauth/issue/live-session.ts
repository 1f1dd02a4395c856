import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { GatewaySettings } from '@bir/sdk/contract/settings'
import type { Holder } from '../../base/errors/oauth-error.ts'
import { isAlive, isInForce } from '../../sessions/life.ts'
import type { SessionRow } from '../../sessions/life.ts'
import type { UserRow } from '../../users/users.ts'

/** A session that goes on, with its person, who is not disabled. */
export interface LiveSession {
  row: SessionRow
  user: UserRow
}

/** Undefined when the session has ended, in whichever way, or its person may do nothing any more. */
export async function liveSession(
  db: Kysely<Database>,
  sid: string,
  { session: settings }: GatewaySettings,
): Promise<LiveSession | undefined> {
  const row = await db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirst()
  if (!row) return undefined
  const user = await db.selectFrom('users').selectAll().where('id', '=', row.user_id).executeTakeFirstOrThrow()
  return isAlive(row, settings, Date.now()) && isInForce(row, user) ? { row, user } : undefined
}

/** Whose session this is or was, for the audit. */
export async function holderOf(db: Kysely<Database>, sid: string): Promise<Holder | undefined> {
  const user = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select(['users.id', 'users.handle'])
    .where('sid', '=', sid)
    .executeTakeFirst()
  return user && { user, sessionId: sid }
}

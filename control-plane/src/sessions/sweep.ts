import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { DAY_MS } from '../keys/rotation.ts'
import { endSessions } from './end-session.ts'
import { NEVER_USED } from './start-session.ts'

type Db = Kysely<Database>

/** A refresh token that was replaced gives the same answer again for half a minute (RFC 9700, section 4.14.2). */
const answerLifeMs = 5 * 60_000
/** For so long an old refresh token that comes back ends its session. Later it is only refused. */
const replayWatchMs = 7 * DAY_MS

/** Deletes what time has ended: sessions, what belongs to them, and sign-ins that nobody finished. */
export async function sweepSessions(db: Db, nowMs: number = Date.now()): Promise<void> {
  await endUnredeemed(db, nowMs)
  await sweepEnded(db, nowMs)
  await sweepRefreshTokens(db, nowMs)
  await sweepPending(db, nowMs)
}

/** For how long after its end nobody ends the session of a code: the clocks of replicas differ a little. */
const graceMs = 5_000

/**
 * A session begins when the person consents, and its client then fetches tokens with a code. Where the client never
 * came, nobody uses the session: it ends.
 */
async function endUnredeemed(db: Db, nowMs: number): Promise<void> {
  const over = new Date(nowMs - graceMs)
  for (const sid of await unredeemed(db, over)) {
    await db.transaction().execute(async (trx) => {
      // Whoever ends a session locks it before its codes, and so does this.
      const row = await trx.selectFrom('sessions').select(['kind', 'ended_at']).where('sid', '=', sid).forUpdate().executeTakeFirst()
      if (row?.kind !== 'client' || row.ended_at !== null) return
      const isStillUnused = (await unredeemed(trx, over, sid)).length > 0
      if (isStillUnused) await endSessions(trx, { sid }, NEVER_USED)
    })
  }
}

/**
 * The sessions whose code expired before that moment and was never used. Codes are few, and found by their expiry. Of
 * one session: its code is locked, so that nobody uses it meanwhile.
 */
async function unredeemed(db: Db, over: Date, sid?: string): Promise<string[]> {
  const codes = await db
    .selectFrom('authorization_codes')
    .select('sid')
    .where('used_at', 'is', null)
    .where('expires_at', '<', over)
    .$if(sid !== undefined, (query) => query.where('sid', '=', sid ?? '').forUpdate())
    .execute()
  const devices = await db
    .selectFrom('device_codes')
    .select('sid')
    .where('state', '=', 'approved')
    .where('expires_at', '<', over)
    .$if(sid !== undefined, (query) => query.where('sid', '=', sid ?? '').forUpdate())
    .execute()
  return [...codes, ...devices].flatMap((row) => row.sid ?? [])
}

/**
 * Sessions stay for a day after their end, so that whoever asks why they must sign in again finds it. That of a single
 * token stays until the token has expired: the API asks the row.
 */
async function sweepEnded(db: Db, nowMs: number): Promise<void> {
  const dayAgo = new Date(nowMs - DAY_MS)
  await db
    .deleteFrom('sessions')
    .where((eb) =>
      eb.or([
        eb('until', '<', dayAgo),
        eb.and([eb('kind', '!=', 'token'), eb.or([eb('idle_until', '<', dayAgo), eb('ended_at', '<', dayAgo)])]),
      ]),
    )
    .execute()
}

async function sweepRefreshTokens(db: Db, nowMs: number): Promise<void> {
  const isReplaced = db.updateTable('refresh_tokens').set({ answer: null })
  await isReplaced
    .where('answer', 'is not', null)
    .where('replaced_at', '<', new Date(nowMs - answerLifeMs))
    .execute()
  await db
    .deleteFrom('refresh_tokens')
    .where('replaced_at', '<', new Date(nowMs - replayWatchMs))
    .execute()
}

/**
 * Sign-ins go at once: anybody may begin them, and a page says the same of one that expired and one that is gone. Codes
 * stay for an hour, so that one that comes a second time still ends its session.
 */
async function sweepPending(db: Db, nowMs: number): Promise<void> {
  const hourAgo = new Date(nowMs - DAY_MS / 24)
  await db.deleteFrom('sign_ins').where('expires_at', '<', new Date(nowMs)).execute()
  await db.deleteFrom('authorization_codes').where('expires_at', '<', hourAgo).execute()
}

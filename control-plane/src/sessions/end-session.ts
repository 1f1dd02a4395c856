import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { DAY_MS, MAX_TOKEN_LIFE_MS } from '../keys/rotation.ts'
import { anyOf } from '../policy-rows/read.ts'
import { voidExchanged } from './exchanged.ts'
import type { SessionRow } from './life.ts'

type Trx = Transaction<Database>

/**
 * Ends a session: it can be used no more, nor its refresh tokens and codes, and every plane refuses its access tokens
 * within a second. Nothing happens when it has ended already. `reason` is for administrators and the audit.
 */
export async function endSession(ctx: Ctx, sid: string, reason: string): Promise<void> {
  await change(ctx, { action: 'sessions.end', target: `session ${sid}`, detail: reason, about: { sessionId: sid } }, async (trx) => {
    const ended = await endAndVoid(trx, { sid }, reason)
    return { value: undefined, dirty: ended.length === 0 ? 'nothing' : [] }
  })
}

/**
 * Ends every session of a person. Whoever calls this raises the person's epoch too. Tokens are voided by their session
 * all the same: one that is issued in the second of the epoch must not be good when the person is enabled again. What
 * acts for somebody else by this person or service account ends too.
 */
export async function endSessionsOf(trx: Trx, userId: string, reason: string): Promise<void> {
  await endAndVoid(trx, { userId }, reason)
  await voidExchanged(trx, { actorId: userId })
}

/** Ends every session of a client, and voids its access tokens. Resolves with the number of sessions. */
export const endSessionsOfClient = async (trx: Trx, clientId: string, reason: string): Promise<number> =>
  (await endAndVoid(trx, { clientId }, reason)).length

/** Ends the sessions, and has the planes refuse their access tokens from the next revision on. */
export async function endAndVoid(trx: Trx, which: Which, reason: string): Promise<SessionRow[]> {
  const ended = await endSessions(trx, which, reason)
  await voidTokens(trx, ended)
  if (ended.length > 0) await voidExchanged(trx, { sids: ended.map((row) => row.sid) })
  return ended
}

interface Which {
  sid?: string
  userId?: string
  clientId?: string
  kind?: SessionRow['kind']
}

/** Ends the sessions in the caller's transaction, and resolves with those that had not ended before. */
export async function endSessions(trx: Trx, { sid, userId, clientId, kind }: Which, reason: string): Promise<SessionRow[]> {
  if (sid === undefined && userId === undefined && clientId === undefined) throw new Error('whose sessions shall end is not said')
  const ended = await trx
    .updateTable('sessions')
    .set({ ended_at: new Date(), end_reason: reason, id_token: null })
    .where('ended_at', 'is', null)
    .where((eb) =>
      eb.and([
        ...(sid === undefined ? [] : [eb('sid', '=', sid)]),
        ...(userId === undefined ? [] : [eb('user_id', '=', userId)]),
        ...(clientId === undefined ? [] : [eb('client_id', '=', clientId)]),
        ...(kind === undefined ? [] : [eb('kind', '=', kind)]),
      ]),
    )
    .returningAll()
    .execute()
  const sids = anyOf(ended.map((row) => row.sid))
  // A page that somebody has open asks them to sign in again, and goes on.
  await trx.updateTable('sign_ins').set({ sid: null }).where('sid', '=', sids).execute()
  await trx.deleteFrom('refresh_tokens').where('sid', '=', sids).execute()
  await trx.deleteFrom('authorization_codes').where('sid', '=', sids).execute()
  await trx.deleteFrom('device_codes').where('sid', '=', sids).execute()
  return ended
}

async function voidTokens(trx: Trx, ended: readonly SessionRow[]): Promise<void> {
  const rows = ended.flatMap(({ sid, kind }) =>
    kind === 'browser' ? [] : [{ kind: 'session' as const, id: sid, expires_at: outlives(kind) }],
  )
  if (rows.length === 0) return
  await trx
    .insertInto('revocations')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** When the last access token of the session has expired: those of clients with refresh tokens are good for minutes. */
const outlives = (kind: SessionRow['kind']) => new Date(Date.now() + (kind === 'client' ? DAY_MS : MAX_TOKEN_LIFE_MS))

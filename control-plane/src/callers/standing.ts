import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import { hasExpired } from '../oauth/issue/access-token.ts'
import { isAlive, isInForce } from '../sessions/life.ts'
import { readSettings } from '../settings/settings.ts'

type Db = Kysely<Database>

/** What a person or a service account came with. */
export type Credential = { userId: string; sid: string } & (
  | { kind: 'token'; jti: string; iat: number; exp: number }
  /** The cookie of a browser, at GraphiQL. */
  | { kind: 'browser' }
)

export interface Person {
  id: string
  handle: string
  administrator: boolean
}

/**
 * Finds whose credential it is. Throws an `ApiError` when it is good no more: the person is disabled, the session has
 * ended, the token was revoked, or something that it was exchanged for.
 */
export async function personWith(db: Db, credential: Credential): Promise<Person> {
  const { userId, sid, kind } = credential
  const user = await db
    .selectFrom('users')
    .select(['id', 'handle', 'administrator', 'disabled', 'epoch'])
    .where('id', '=', userId)
    .executeTakeFirst()
  if (!user) throw new ApiError('unauthenticated', 'Sign in again: there is no such person.', { reason: 'token-invalid' })
  if (user.disabled) throw new ApiError('forbidden', 'This account is disabled. Ask an administrator.', { reason: 'person-disabled' })

  const session = await db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirst()
  if (kind === 'browser') {
    const goesOn = session && isAlive(session, (await readSettings(db)).session, Date.now()) && isInForce(session, user)
    if (!goesOn) throw sessionEnded()
    return user
  }
  if (hasExpired(credential)) throw new ApiError('unauthenticated', 'Sign in again: this token has expired.', { reason: 'token-expired' })
  // A token of before has a session without a row.
  if (session && session.ended_at !== null) throw sessionEnded()
  if (credential.iat < Number(user.epoch))
    throw new ApiError('unauthenticated', 'Sign in again: this token was voided.', { reason: 'token-before-epoch' })
  await refuseRevoked(db, credential)
  return user
}

const sessionEnded = () => new ApiError('unauthenticated', 'Sign in again: its session has ended.', { reason: 'session-revoked' })

/** Revocations name a token that was exchanged for another one that ended, too (sessions/exchanged.ts). */
async function refuseRevoked(db: Db, { jti, sid }: { jti: string; sid: string }): Promise<void> {
  const revoked = await db
    .selectFrom('revocations')
    .select('kind')
    .where((eb) => eb.or([eb.and({ kind: 'token', id: jti }), eb.and({ kind: 'session', id: sid })]))
    .executeTakeFirst()
  if (!revoked) return
  const reason = revoked.kind === 'token' ? 'token-revoked' : 'session-revoked'
  throw new ApiError('unauthenticated', 'Sign in again: this token was revoked.', { reason })
}

/** Throws unless the credential is still good, and its person has the role that they had when the request began. */
export async function confirmStanding(db: Db, credential: Credential, wasAdministrator: boolean): Promise<void> {
  const { administrator } = await personWith(db, credential)
  if (wasAdministrator && !administrator)
    throw new ApiError('forbidden', 'You are an administrator no more.', { reason: 'not-administrator' })
}

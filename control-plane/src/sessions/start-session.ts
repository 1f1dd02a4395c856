import type { Database } from '@bir/db/schema'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Transaction } from 'kysely'
import { isStorable } from '../base/plain-input.ts'
import { readSettings } from '../settings/settings.ts'
import { ApiError } from '../base/api-error.ts'
import { Refusal } from '../base/http.ts'
import { DAY_MS } from '../keys/rotation.ts'
import { madeNow, newLife } from './life.ts'

export interface NewSession {
  kind: 'browser' | 'client' | 'token'
  userId: string
  clientId: string
  clientName?: string | undefined
  audience?: string | undefined
  /** Who acts for the person, such as `operator:root`. */
  actor?: string | undefined
  address?: string | undefined
  userAgent?: string | undefined
  provider?: string | undefined
  /** Of a session of kind `token`: how long its token is good. */
  lifeMs?: number | undefined
}

type Trx = Transaction<Database>

/**
 * How many sessions of their clients a person begins in 24 hours, and in how many a program exchanges something for a
 * single token of theirs. The two are counted apart: a program that exchanges without end shuts nobody out of their own
 * sign-ins. Each is a row for days, and one that is ended is named to all planes for a day or more. Clients need far
 * fewer: two thousand are one every 43 s.
 */
export const MAX_BEGUN_A_DAY = 2000

/**
 * Why a session ended whose client never fetched tokens. It is not counted: how many sign-ins begin in a minute is
 * limited, and no plane needs to hear of it.
 */
export const NEVER_USED = 'its code was never used'

/**
 * Makes a session and resolves with its `sid`, which is always a new one. Fails with `forbidden` for a person who is
 * disabled, also by somebody who disables them at this very moment: who disables waits for this transaction, and ends
 * the session then. Fails with 429 for a person who has begun too many.
 */
export async function startSession(trx: Trx, session: NewSession): Promise<string> {
  if (!isOfOperator(session)) await refuseTooMany(trx, session, Date.now())
  const { sid } = await insertSession(trx, session, {})
  return sid
}

const isOfOperator = ({ actor }: NewSession) => actor?.startsWith('operator:') ?? false

/** Service accounts get a session for each token, as often as their pipelines run: they are not counted. */
async function refuseTooMany(trx: Trx, { userId, kind }: NewSession, nowMs: number): Promise<void> {
  const row = await trx
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('made_at')
    .where('user_id', '=', userId)
    .where('users.kind', '=', 'person')
    .where('sessions.kind', '=', kind)
    .where((eb) => eb.or([eb('end_reason', 'is', null), eb('end_reason', '!=', NEVER_USED)]))
    .where((eb) => eb.or([eb('actor', 'is', null), eb('actor', 'not like', 'operator:%')]))
    .where('made_at', '>', new Date(nowMs - DAY_MS))
    .orderBy('made_at', 'desc')
    .offset(MAX_BEGUN_A_DAY - 1)
    .limit(1)
    .executeTakeFirst()
  if (!row) return
  const retryAfterS = Math.max(1, Math.ceil((row.made_at.getTime() + DAY_MS - nowMs) / 1000))
  const what = kind === 'token' ? 'sessions of single tokens' : 'sessions of clients'
  const message = `This person began ${MAX_BEGUN_A_DAY} ${what} in 24 hours, which is the most. Try again in ${retryAfterS} s.`
  throw new Refusal(429, 'slow_down', message, {}, { 'retry-after': String(retryAfterS) })
}

/**
 * Whether the session goes on. If so, whoever ends it at this very moment waits for this transaction, and ends what it
 * has made. Who is of the session is locked first where both are (`startSession`): who disables them does it so too.
 */
export async function holdSession(trx: Trx, sid: string): Promise<boolean> {
  const row = await trx.selectFrom('sessions').select('ended_at').where('sid', '=', sid).forShare().executeTakeFirst()
  return row?.ended_at === null
}

interface BrowserFields {
  sid?: string
  provider_session?: string | null
  id_token?: Buffer | null
  remembered?: boolean
}

export async function insertSession(trx: Trx, session: NewSession, more: BrowserFields): Promise<{ sid: string; until: Date }> {
  const { userId, kind, lifeMs } = session
  const user = await trx.selectFrom('users').select(['disabled', 'epoch']).where('id', '=', userId).forShare().executeTakeFirst()
  if (!user || user.disabled) throw new ApiError('forbidden', 'This account is disabled. Ask an administrator.')
  const nowMs = Date.now()
  const fixed = lifeMs === undefined ? undefined : new Date(nowMs + lifeMs)
  const life = fixed ? { idle_until: fixed, until: fixed } : newLife((await readSettings(trx)).session, nowMs)
  const now = madeNow(user)
  const row = { sid: uuidv7(), user_id: userId, kind, ...rest(session), made_at: now, used_at: now, ...life, ...more }
  await trx.insertInto('sessions').values(row).execute()
  return { sid: row.sid, until: row.until }
}

const rest = ({ clientId, clientName, audience, actor, address, userAgent, provider }: NewSession) => ({
  client_id: clientId,
  client_name: storedText(clientName),
  audience: audience ?? null,
  actor: actor ?? null,
  ip: storedText(address),
  user_agent: storedText(userAgent),
  provider: provider ?? null,
})

const maxTextChars = 300

/** What a client says of itself is stored as far as it can be. */
export const storedText = (text: string | undefined): string | null =>
  text === undefined || !isStorable(text) ? null : text.slice(0, maxTextChars)

import type { IncomingMessage } from 'node:http'
import type { Database } from '@bir/db/schema'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Selectable } from 'kysely'
import { readSettings } from '../settings/settings.ts'
import { readCookie, removeCookie, setCookie } from './cookies.ts'
import { endSessions } from './end-session.ts'
import { isAlive, isInForce } from './life.ts'
import type { SessionRow } from './life.ts'
import { slideSession } from './slide-session.ts'
import { openCookie, sealCookie } from './sealed-cookie.ts'
import { browserFault } from './sender.ts'
import type { Sender, SenderFault } from './sender.ts'
import type { CookieContents, CookieParts } from './sealed-cookie.ts'
import { insertSession } from './start-session.ts'

type UserRow = Selectable<Database['users']>

/** Who is signed in at the gateway's own pages. */
export interface BrowserSession {
  sid: string
  user: UserRow
  /** The identity provider that said who it is. */
  provider: string | null
  /** The browser keeps the session after it was closed. */
  remembered: boolean
  /** `set-cookie` headers for the answer, when the cookie must be renewed; often none. */
  cookies: string[]
}

export interface BrowserSignIn {
  user: UserRow
  provider: string
  idToken?: string | undefined
  /** The provider's own id of the session (claim `sid`). */
  providerSession?: string | undefined
  remembered: boolean
  address: string
  userAgent?: string | undefined
  /** The session that the browser had before. It ends: one browser is one person. */
  replaces?: string | undefined
}

/** Its `client_id` in the list of sessions. */
const pagesClient = 'browser'

const maxIdTokenChars = 16 * 1024
/** A session is not written more often than that when it is used. */
const slideEveryMs = 60_000

/**
 * Begins the session of a person who has just signed in. Its `sid` is new at each sign-in, so nobody can know or choose
 * it beforehand (session fixation).
 */
export async function startBrowserSession(parts: CookieParts, signIn: BrowserSignIn): Promise<{ sid: string; cookies: string[] }> {
  const { user, provider, idToken = '', providerSession, remembered, address, userAgent, replaces } = signIn
  const { sid, until } = await parts.db.transaction().execute(async (trx) => {
    const sid = uuidv7()
    const isKept = idToken !== '' && idToken.length <= maxIdTokenChars
    const id_token = isKept ? parts.master.wrap(wrappedAs(sid), Buffer.from(idToken)) : null
    const session = { kind: 'browser', userId: user.id, clientId: pagesClient, address, userAgent, provider } as const
    // The person is locked before their sessions: who disables them does it so too.
    const started = await insertSession(trx, session, { sid, id_token, provider_session: providerSession ?? null, remembered })
    if (replaces !== undefined) await endSessions(trx, { sid: replaces, kind: 'browser' }, 'another sign-in in this browser')
    return started
  })
  return { sid, cookies: [await cookieOf(parts, { sid, sub: user.id, iat: nowS() }, remembered, until)] }
}

const wrappedAs = (sid: string) => `id token of session ${sid}`

/** What the cookie of a browser says. */
export interface FoundSession {
  /** Who is signed in here. */
  session: BrowserSession | undefined
  /**
   * A session that goes on, whose cookie came from another network or browser than it is bound to. Whoever sends that
   * must sign in.
   */
  elsewhere?: { sid: string; userId: string }
  /** A session of this browser that has ended, or whose person was disabled. Nobody is signed in by it. */
  over?: { sid: string; user: UserRow }
}

interface ReadParts extends CookieParts {
  record: (
    event: Sender & {
      method: string
      outcome: 'refused'
      reason: SenderFault
      user: UserRow
      client: string
      sessionId: string
      detail: string
    },
  ) => Promise<unknown>
}

/**
 * Who is signed in in this browser. Nobody, unless the cookie is ours, names a session of that person that goes on, the
 * person is enabled, and the browser is the one that signed in, as far as the policy asks (`settings.binding`). Using a
 * session prolongs it (`settings.session.idleMs`).
 */
export async function readBrowserSession(parts: ReadParts, request: IncomingMessage, address: string): Promise<FoundSession> {
  const value = readCookie(parts.issuer, request, 'session')
  const contents = value === undefined ? undefined : await openCookie(parts, value)
  const found = contents && (await findSession(parts, contents))
  if (!found) return { session: undefined }
  const { row, user, settings } = found
  const sender = { address, userAgent: request.headers['user-agent'] }
  const reason = browserFault(row, sender, settings)
  if (!found.goesOn) return { session: undefined, ...(reason === undefined && { over: { sid: row.sid, user } }) }
  if (reason !== undefined) {
    const detail = `the cookie of browser session ${row.sid} came from another ${reason === 'binding-network' ? 'network' : 'browser'} than it was given to`
    const ofSession = { user, client: row.client_id, sessionId: row.sid }
    await parts.record({ ...sender, method: 'oauth/session', outcome: 'refused', reason, ...ofSession, detail })
    return { session: undefined, elsewhere: { sid: row.sid, userId: user.id } }
  }

  const nowMs = Date.now()
  if (row.used_at.getTime() + slideEveryMs <= nowMs) await slideSession(parts.db, row, settings.session, nowMs)
  const cookies = contents.isOld ? [await cookieOf(parts, { ...contents, iat: nowS() }, row.remembered, row.until)] : []
  return { session: { sid: row.sid, user, provider: row.provider, remembered: row.remembered, cookies } }
}

/** The session that a cookie names, and whether it goes on and its person is enabled. */
async function findSession({ db }: CookieParts, contents: CookieContents) {
  const row = await db.selectFrom('sessions').selectAll().where('sid', '=', contents.sid).executeTakeFirst()
  if (!row || row.kind !== 'browser' || row.user_id !== contents.sub) return undefined
  const user = await db.selectFrom('users').selectAll().where('id', '=', row.user_id).executeTakeFirst()
  const settings = await readSettings(db)
  const goesOn = user !== undefined && isAlive(row, settings.session, Date.now()) && isInForce(row, user)
  return user && { row, user, settings, goesOn }
}

/** The browser keeps the session after it was closed, as the person wished. Resolves with headers for the answer. */
export async function keepSignedIn(parts: CookieParts, { sid, user }: Pick<BrowserSession, 'sid' | 'user'>): Promise<string[]> {
  const row = await parts.db
    .updateTable('sessions')
    .set({ remembered: true })
    .where('sid', '=', sid)
    .where('ended_at', 'is', null)
    .returning('until')
    .executeTakeFirst()
  return row ? [await cookieOf(parts, { sid, sub: user.id, iat: nowS() }, true, row.until)] : []
}

/** Headers that remove a session cookie that is good for nothing. */
export const removeSessionCookie = ({ issuer }: Pick<CookieParts, 'issuer'>, request: IncomingMessage): string[] =>
  removeCookie(issuer, request, 'session')

const nowS = () => Math.floor(Date.now() / 1000)

async function cookieOf(parts: CookieParts, { sid, sub, iat }: CookieContents, remembered: boolean, until: Date): Promise<string> {
  const maxAgeS = remembered ? Math.max(1, Math.floor(until.getTime() / 1000) - nowS()) : undefined
  return setCookie(parts.issuer, 'session', await sealCookie(parts, { sid, sub, iat }), maxAgeS)
}

/** The id token that the provider gave for this session, for ending its own session too. */
export const idTokenOf = (
  { master }: Pick<CookieParts, 'master'>,
  { sid, id_token }: Pick<SessionRow, 'sid' | 'id_token'>,
): string | undefined => (id_token === null ? undefined : master.unwrap(wrappedAs(sid), id_token).toString())

import type { Database } from '@bir/db/schema'
import type { Kysely, Selectable } from 'kysely'
import { z } from 'zod'
import { countAttempt, sourceOf } from '../attempts/attempts.ts'
import { hashOf, isSame, newSecret } from '../../base/secrets/secret.ts'
import type { BrowserCookie } from '../../sessions/browser-cookie.ts'
import { PageFault } from './page-fault.ts'

/** What a client asks for at the authorization endpoint, checked. */
export const AuthorizeRequest = z.object({
  clientId: z.string(),
  redirectUri: z.string(),
  state: z.string().optional(),
  codeChallenge: z.string(),
  audience: z.string(),
  scope: z.string(),
  /** The person came from the client itself, not by a link on a page of somebody else. */
  isDirect: z.boolean(),
  /** `prompt` of OpenID Connect: ask the person anew. */
  asksConsent: z.boolean(),
  asksSignIn: z.boolean(),
  loginHint: z.string().optional(),
})
export type AuthorizeRequest = z.infer<typeof AuthorizeRequest>

export type SignInRow = Selectable<Database['sign_ins']>

/** Long enough to find a password, short enough that nobody finds an old page. */
const lifeMs = 15 * 60_000
const atOnceMs = 5_000

/** Sign-ins that may begin in a minute at one address, where many people may sit. Each is a row. */
const perAddress = 60
/** The same for somebody who is signed in, wherever they are: their own clients begin them. */
const perPerson = 600

interface NewSignIn {
  /** Who begins it, as far as that is known. */
  from: { address: string; userId: string | undefined }
  purpose: SignInRow['purpose']
  /** What happens afterwards. For `page` and `device`: `{ returnTo }`, a path of this site. */
  request: object
  browserHash: string
  clientId?: string
  /** The session of somebody who is signed in already. */
  sid?: string | undefined
}

/**
 * Begins a sign-in in one browser. Resolves with the handle that its pages carry. Anybody may call this without a
 * token, so too many in a minute, over all replicas, are refused before anything is stored.
 */
export async function beginSignIn(
  db: Kysely<Database>,
  { from, purpose, request, browserHash, clientId, sid }: NewSignIn,
): Promise<string> {
  await refuseTooMany(db, from)
  const flow = newSecret()
  await db
    .insertInto('sign_ins')
    .values({
      id_hash: hashOf(flow),
      browser_hash: browserHash,
      purpose,
      request: JSON.stringify(request),
      client_id: clientId ?? null,
      provider: null,
      sid: sid ?? null,
      expires_at: new Date(Date.now() + lifeMs),
    })
    .execute()
  return flow
}

async function refuseTooMany(db: Kysely<Database>, { address, userId }: NewSignIn['from']): Promise<void> {
  const [key, max] = userId === undefined ? [`sign-in: from ${sourceOf(address)}`, perAddress] : [`sign-in: person ${userId}`, perPerson]
  const { count, retryAfterS } = await countAttempt(db, key)
  if (count > max) throw new PageFault({ situation: 'too-many-attempts', facts: { minutes: 1 } }, { retryAfterS })
}

/**
 * Finds a sign-in that goes on in this browser. Another browser does not get it, whoever sent the link: nobody signs
 * in, or consents, for somebody else.
 */
export async function findSignIn(
  db: Kysely<Database>,
  flow: string,
  browser: Pick<BrowserCookie, 'hash'> & Partial<Pick<BrowserCookie, 'cookies'>>,
): Promise<SignInRow> {
  const row = await db.selectFrom('sign_ins').selectAll().where('id_hash', '=', hashOf(flow)).executeTakeFirst()
  if (!row || row.expires_at.getTime() < Date.now()) throw new PageFault({ situation: 'sign-in-expired' })
  // A browser that sends no cookie at once after it got one keeps none. Later, it is more likely another browser.
  const isAtOnce = Date.now() - row.made_at.getTime() < atOnceMs
  if (browser.cookies?.length && isAtOnce) throw new PageFault({ situation: 'cookies-blocked' })
  if (!isSame(row.browser_hash, browser.hash)) throw new PageFault({ situation: 'other-browser' }, { reason: 'browser-mismatch' })
  return row
}

export async function setProvider(db: Kysely<Database>, { id_hash }: SignInRow, provider: string): Promise<void> {
  await db.updateTable('sign_ins').set({ provider }).where('id_hash', '=', id_hash).execute()
}

export async function setSession(db: Kysely<Database>, { id_hash }: SignInRow, sid: string): Promise<void> {
  await db.updateTable('sign_ins').set({ sid }).where('id_hash', '=', id_hash).execute()
}

/** Notes that the browser has moved since it signed in for this. True when it had moved before. */
export async function noteMove(db: Kysely<Database>, { id_hash, request }: SignInRow): Promise<boolean> {
  const { hasMoved } = Moved.parse(request)
  if (!hasMoved) {
    const moved = JSON.stringify({ ...request, hasMoved: true })
    await db.updateTable('sign_ins').set({ request: moved }).where('id_hash', '=', id_hash).execute()
  }
  return hasMoved
}

const Moved = z.object({ hasMoved: z.boolean().default(false) })

/** The person in front of the page is somebody else: they sign in anew, at the provider too. */
export async function signInAnew(db: Kysely<Database>, { id_hash, request }: SignInRow): Promise<void> {
  await db
    .updateTable('sign_ins')
    .set({ sid: null, request: JSON.stringify({ ...request, asksSignIn: true }) })
    .where('id_hash', '=', id_hash)
    .execute()
}

/**
 * Remembers that a device's code was decided on in this browser, as a sign-in that is finished: whoever goes back to
 * the code there learns that, and nobody else does.
 */
export async function finishDevice(db: Kysely<Database>, userCode: string, browserHash: string): Promise<void> {
  const expires_at = new Date(Date.now() + lifeMs)
  const row = {
    id_hash: decidedHash(userCode, browserHash),
    browser_hash: browserHash,
    purpose: 'device' as const,
    request: '{}',
    expires_at,
  }
  await db
    .insertInto('sign_ins')
    .values({ ...row, finished_at: new Date() })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Whether a device's code was decided on in this browser, a while ago at the most. */
export async function isDeviceFinished(db: Kysely<Database>, userCode: string, browserHash: string): Promise<boolean> {
  const id = decidedHash(userCode, browserHash)
  const row = await db.selectFrom('sign_ins').select('expires_at').where('id_hash', '=', id).executeTakeFirst()
  return row !== undefined && row.expires_at.getTime() > Date.now()
}

const decidedHash = (userCode: string, browserHash: string) => hashOf(`device code ${userCode} decided in browser ${browserHash}`)

/** True for the one request that finishes the sign-in. A form that is sent twice, or in two tabs, counts once. */
export async function finishSignIn(db: Kysely<Database>, { id_hash }: SignInRow): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('sign_ins')
    .set({ finished_at: new Date() })
    .where('id_hash', '=', id_hash)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

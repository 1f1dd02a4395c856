import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import type { Answer } from '../../base/http.ts'
import { OAuthError } from '../../base/errors/oauth-error.ts'
import type { OAuthClient } from '../clients/client.ts'
import { redirectUriFault } from '../clients/redirect-uri.ts'
import type { OAuthParts } from '../base/parts.ts'
import { audiencesOf, refuseUnknownServer, targetOf } from '../base/resource.ts'
import type { Incoming } from '../base/stages.ts'
import { clientAddress, seeOther, withCookies } from '../flow/answers.ts'
import { csrfOf } from '../flow/browser.ts'
import type { InBrowser, InFlow } from '../flow/browser.ts'
import { PageFault } from '../flow/page-fault.ts'
import { SignInNeeded } from '../flow/sign-in-needed.ts'
import { AuthorizeRequest, finishSignIn, noteMove, signInAnew } from '../flow/sign-ins.ts'
import { makeCode } from '../issue/authorization-code.ts'
import { consentPage } from '../../pages/consent-page.ts'
import { keepSignedIn } from '../../sessions/browser-session.ts'
import type { BrowserSession } from '../../sessions/browser-session.ts'
import { holdSession, startSession } from '../../sessions/start-session.ts'
import { isRemembered, redirectHostOf, remember } from './consents.ts'

/** What the person is asked about. */
export interface InConsent {
  session: BrowserSession
  asked: AuthorizeRequest
  client: OAuthClient
  redirect: { uri: string; state: string | undefined }
}

/**
 * Finds what is asked, by whom. Everything that a link or an old page could have changed since is checked again: the
 * person, the client, its redirect URI.
 */
export const findQuestion =
  (parts: OAuthParts) =>
  async (call: Incoming & InBrowser & InFlow): Promise<InConsent> => {
    const { session, elsewhere, signIn } = call
    refuseOver(signIn)
    if (!session || session.sid !== signIn.sid) {
      if (elsewhere && elsewhere.sid === signIn.sid) await refuseMovingOn(parts.db, signIn)
      throw new SignInNeeded()
    }
    return { session, ...(await findAsked(parts, call)) }
  }

/**
 * A browser that has moved since it signed in for this client signs in again, once. Where its address changes from one
 * request to the next, that would never end.
 */
async function refuseMovingOn(db: Kysely<Database>, signIn: InFlow['signIn']): Promise<void> {
  if (await noteMove(db, signIn)) throw new PageFault({ situation: 'network-changes' })
}

/** What the client asked for. The client must still be known, and its redirect URI be its own. */
async function findAsked({ findClient }: OAuthParts, { signIn, exchange }: InFlow & Incoming): Promise<Omit<InConsent, 'session'>> {
  const asked = AuthorizeRequest.parse(signIn.request)
  const client = await findClient(asked.clientId, exchange.address)
  const fault = redirectUriFault(client, asked.redirectUri)
  if (fault !== undefined)
    throw new PageFault({ situation: 'wrong-redirect', facts: { client: client.name } }, { reason: 'redirect-mismatch', detail: fault })
  return { asked, client, redirect: { uri: asked.redirectUri, state: asked.state } }
}

/** Finds what a sign-in is for that a person gives up before they are signed in. */
export const findGivenUp =
  (parts: OAuthParts) =>
  async (call: Incoming & InFlow): Promise<Omit<InConsent, 'session'>> => {
    refuseOver(call.signIn)
    return findAsked(parts, call)
  }

function refuseOver({ purpose, finished_at }: InFlow['signIn']): void {
  if (purpose !== 'authorize') throw new PageFault({ situation: 'page-not-found' })
  if (finished_at !== null) throw new PageFault({ situation: 'sign-in-expired' }, { reason: 'answered-already' })
}

type Call = Incoming & InBrowser & InFlow & InConsent

/** Asks the person, unless they or an administrator have answered already. */
export const showConsent =
  (parts: OAuthParts) =>
  async (call: Call): Promise<Answer> => {
    const { db } = parts
    const { client, asked, session, flow, language, cookies } = call
    await refuseUnknownServer(db, targetOf([audiencesOf(asked.audience)[0]], parts))
    if (client.isApproved && !asked.asksConsent) return allow(parts, call)
    const mayBeSilent = asked.isDirect && !asked.asksConsent
    if (mayBeSilent && (await isRemembered(db, consentOf(call)))) return allow(parts, call)
    const data = {
      flow,
      csrf: csrfOf(call, flow),
      person: session.user,
      client,
      redirectUri: asked.redirectUri,
      resource: asked.audience,
      asksStay: await asksStay(parts, session),
    }
    return withCookies(consentPage(data, language), cookies)
  }

/** The person's answer. It counts once, in the browser that was asked. */
export const takeDecision =
  (parts: OAuthParts) =>
  async (call: Call & { form: URLSearchParams }): Promise<Answer> => {
    const { db } = parts
    const { form, flow, cookies } = call
    const decision = form.get('decision')
    if (decision === 'other-person') {
      await signInAnew(db, call.signIn)
      return seeOther(`/oauth/sign-in?flow=${flow}`, cookies)
    }
    if (decision === 'deny') return deny(parts, call)
    if (decision !== 'allow') throw new PageFault({ situation: 'stale-form' })
    const kept = form.get('stay') === 'on' && (await asksStay(parts, call.session)) ? await keepSignedIn(parts, call.session) : []
    return allow(parts, { ...call, cookies: [...cookies, ...kept], remembers: form.get('remember') === 'on' })
  }

/** Whether the browser may keep the session after it was closed, if the person wants it. */
async function asksStay({ settings }: OAuthParts, { remembered }: BrowserSession): Promise<boolean> {
  return !remembered && (await settings()).session.remember === 'ask'
}

const consentOf = ({ session, client, asked }: InConsent) => ({
  userId: session.user.id,
  clientId: client.id,
  redirectHost: redirectHostOf(asked.redirectUri),
  audience: asked.audience,
  scope: asked.scope,
})

async function deny({ db }: OAuthParts, { signIn }: Call): Promise<Answer> {
  await finishOnce(db, signIn)
  throw new OAuthError('access_denied', 'The person did not allow it.', { reason: 'consent-denied' })
}

/** The click on Cancel of a page that says why the sign-in came to nothing: the client learns it. */
export const giveUp =
  ({ db }: OAuthParts) =>
  async ({ signIn }: InFlow & Omit<InConsent, 'session'>): Promise<Answer> => {
    await finishOnce(db, signIn)
    throw new OAuthError('access_denied', 'The person cancelled the sign-in.', { reason: 'sign-in-cancelled' })
  }

async function allow(parts: OAuthParts, call: Call & { remembers?: boolean }): Promise<Answer> {
  const { db, issuer } = parts
  const { exchange, signIn, client, asked, session, cookies, redirect } = call
  const { user, provider } = session
  const { address, request } = exchange
  const userAgent = request.headers['user-agent']
  const { clientId, audience, scope, codeChallenge, redirectUri } = asked
  const code = await db.transaction().execute(async (trx) => {
    const sid = await startSession(trx, {
      kind: 'client',
      userId: user.id,
      clientId,
      clientName: client.name,
      audience,
      address,
      userAgent,
      provider: provider ?? undefined,
    })
    if (!(await holdSession(trx, session.sid))) throw new SignInNeeded()
    await finishOnce(trx, signIn)
    if (call.remembers) await remember(trx, consentOf(call))
    return makeCode(trx, { sid, clientId, redirectUri, codeChallenge, audience, scope })
  })
  await parts.record({
    method: 'oauth/authorize',
    outcome: 'answered',
    user,
    client: clientId,
    address,
    userAgent,
    detail: `allowed for ${audience}`,
  })
  return seeOther(clientAddress(redirect.uri, issuer, { code, state: redirect.state }), cookies)
}

async function finishOnce(db: Kysely<Database>, signIn: InFlow['signIn']): Promise<void> {
  if (!(await finishSignIn(db, signIn))) throw new PageFault({ situation: 'sign-in-expired' }, { reason: 'answered-already' })
}

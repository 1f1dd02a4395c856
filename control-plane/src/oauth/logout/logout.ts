import type { Answer } from '../../base/http.ts'
import { errorText } from '../../base/log.ts'
import { signedOutPage, signOutPage } from '../../pages/end-pages.ts'
import { idTokenOf, removeSessionCookie } from '../../sessions/browser-session.ts'
import type { BrowserSession } from '../../sessions/browser-session.ts'
import { endSession } from '../../sessions/end-session.ts'
import { optionalText } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { isSame } from '../../base/secrets/secret.ts'
import type { Incoming } from '../base/stages.ts'
import { resultAfterForm } from '../flow/after-form.ts'
import { seeOther, withCookies } from '../flow/answers.ts'
import { csrfOf, refuseDisabled } from '../flow/browser.ts'
import type { InBrowser } from '../flow/browser.ts'
import { PageFault } from '../flow/page-fault.ts'
import { SignInNeeded } from '../flow/sign-in-needed.ts'
import { beginSignIn } from '../flow/sign-ins.ts'
import { clientReturn, returnOfProvider, wishOf } from './where-to.ts'
import type { Onward } from './where-to.ts'

type Call = Incoming & InBrowser
const path = '/oauth/logout'
/** What the CSRF token of the form is for. */
const purpose = 'logout'

/**
 * Asks whether to sign out (OpenID Connect RP-Initiated Logout 1.0). Whoever led the browser here: nobody is signed out
 * without their own click. The provider comes back here too, after its own logout.
 */
export const askLogout =
  (parts: OAuthParts) =>
  async (call: Call): Promise<Answer> => {
    const { exchange, session, browser, language, cookies } = call
    const parameters = exchange.url.searchParams
    const comesBackTo = await returnOfProvider(parts.db, parameters, browser)
    if (comesBackTo !== undefined) return seeOther(comesBackTo, cookies)
    if (call.elsewhere) throw new SignInNeeded(signInFirst(exchange.url))
    if (!session) return afterwards(parts, call, await clientReturn(parts, parameters, exchange.address))
    const page = signOutPage({ csrf: csrfOf(call, purpose), person: session.user, fields: wishOf(parameters) }, language)
    return withCookies(page, cookies)
  }

/** The click. It ends the session in this browser, and leads on to the provider, so that its session ends too. */
export const takeLogout =
  (parts: OAuthParts) =>
  async (call: Call & { form: URLSearchParams }): Promise<Answer> => {
    const { form, session, exchange } = call
    const csrf = optionalText(form, 'csrf')
    const question = `${path}?${new URLSearchParams(wishOf(form))}`
    // A client may also send its wish by a form. The browser keeps its cookies from that; they come with this redirect.
    if (csrf === undefined) return seeOther(question, call.cookies)
    if (call.elsewhere) throw new SignInNeeded(signInFirst(new URL(question, exchange.url)))
    if (call.over && isSame(csrf, csrfOf({ ...call, session: call.over }, purpose))) await takenLate(parts, call, call.over)
    // Nobody is signed in any more, or the form is of another site, which is sent without the cookie of the session.
    if (!session) return seeOther(question, call.cookies)
    if (!isSame(csrf, csrfOf(call, purpose))) throw new PageFault({ situation: 'stale-form' }, { reason: 'csrf' })

    const onward = await clientReturn(parts, form, exchange.address)
    const idToken = await readIdToken(parts, session)
    await end(parts, call, session)
    const gone = removeSessionCookie(parts, exchange.request)
    const target = onward && (onward.isLed ? onward.address : parts.issuer + question)
    const atProvider = await providerAddress(parts, call, session, { idToken, target })
    if (atProvider !== undefined) return seeOther(atProvider, gone)
    if (onward?.isLed) return seeOther(onward.address, gone)
    const page = { kind: 'signed-out', stillAt: session.provider ?? undefined, onwardTo: onward?.address } as const
    return resultAfterForm(parts, { ...call, cookies: gone }, page)
  }

/** The session has ended before the click, so there is nothing to sign in again for. The audit has whose it was. */
async function takenLate(parts: OAuthParts, { exchange: { address, request }, id }: Call, over: NonNullable<Call['over']>): Promise<void> {
  refuseDisabled(over)
  const { sid: sessionId, user } = over
  const detail = 'The session had ended before the person signed out.'
  const sender = { address, userAgent: request.headers['user-agent'] }
  await parts.record({ id, method: 'oauth/logout', outcome: 'refused', reason: 'session-ended', user, sessionId, detail, ...sender })
}

/** To end a session takes whoever it is of: the browser that has moved comes back here when it is signed in. */
const signInFirst = ({ pathname, search }: URL): string =>
  `/oauth/sign-in?${new URLSearchParams({ return: pathname + search.replaceAll('+', '%20') })}`

/** Nobody is signed in: what remains is where to go. A cookie that is good for nothing goes. */
function afterwards(parts: OAuthParts, { exchange, language, cookies }: Call, onward: Onward | undefined): Answer {
  const all = [...cookies, ...removeSessionCookie(parts, exchange.request)]
  return onward?.isLed ? seeOther(onward.address, all) : withCookies(signedOutPage({ onwardTo: onward?.address }, language), all)
}

async function readIdToken(parts: OAuthParts, { sid }: BrowserSession): Promise<string | undefined> {
  const row = await parts.db.selectFrom('sessions').select(['sid', 'id_token']).where('sid', '=', sid).executeTakeFirst()
  return row && idTokenOf(parts, row)
}

async function end(parts: OAuthParts, { exchange: { address, request }, id }: Call, { sid, user }: BrowserSession): Promise<void> {
  const actor = { id: user.id, label: user.handle, administrator: user.administrator, userId: user.id, sid }
  await endSession({ ...parts.ctxOf(user.handle), actor }, sid, 'signed out')
  await parts.record({ id, method: 'oauth/logout', outcome: 'answered', user, address, userAgent: request.headers['user-agent'] })
}

/** Where the provider ends its own session. One that is away, or has no such address, keeps nobody signed in here. */
async function providerAddress(
  parts: OAuthParts,
  { browser, exchange }: Call,
  { provider, user }: BrowserSession,
  { idToken, target }: { idToken: string | undefined; target: string | undefined },
): Promise<string | undefined> {
  if (provider === null || idToken === undefined) return undefined
  const returnTo = `${parts.issuer}${path}`
  try {
    // Only this browser is led on to the client, and only once it comes back.
    const from = { address: exchange.address, userId: user.id }
    const state = target === undefined ? undefined : await keepTarget(parts, { browser, from }, target)
    const url = await parts.providers.logoutUrl(provider, { idToken, returnTo, ...(state === undefined ? {} : { state }) })
    return url?.href
  } catch (error) {
    parts.log('warn', 'provider-logout-failed', { provider, why: errorText(error) })
    return undefined
  }
}

interface Sender {
  browser: InBrowser['browser']
  from: { address: string; userId: string }
}

const keepTarget = ({ db }: OAuthParts, { browser, from }: Sender, afterLogout: string): Promise<string> =>
  beginSignIn(db, { from, purpose: 'page', request: { returnTo: '/oauth/signed-in', afterLogout }, browserHash: browser.hash })

import { oauthError } from '../../base/errors/oauth-error.ts'
import type { OAuthError } from '../../base/errors/oauth-error.ts'
import type { Answer } from '../../base/http.ts'
import { isVouchedFor, mayLeadTo } from '../clients/admission.ts'
import type { OAuthClient } from '../clients/client.ts'
import type { OAuthParts } from '../base/parts.ts'
import { grantedAudiences } from '../base/resource.ts'
import type { Target } from '../base/resource.ts'
import { optionalText } from '../base/form.ts'
import type { Incoming } from '../base/stages.ts'
import { clientAddress, seeOther } from '../flow/answers.ts'
import type { InBrowser } from '../flow/browser.ts'
import { beginSignIn } from '../flow/sign-ins.ts'
import type { AuthorizeRequest } from '../flow/sign-ins.ts'
import type { Redirectable } from './read-request.ts'

interface Checked extends Incoming, InBrowser, Redirectable {
  form: URLSearchParams
  client: OAuthClient
  codeChallenge: string
  target: Target
  scope: string
  prompt: ReadonlySet<string>
}

/** Keeps the request, and leads the browser to the sign-in, or to the question whether the client may. */
export const beginAuthorization =
  (parts: OAuthParts) =>
  async (call: Checked): Promise<Answer> => {
    const { client, browser, session, cookies, prompt } = call
    if (prompt.has('none')) throw oauthError(silentFault(client, session), 'Nobody can be asked: prompt is none.')
    const asksSignIn = prompt.has('login') || prompt.has('select_account')
    const request = requestOf(parts, call, { asksSignIn })
    const sid = asksSignIn ? undefined : session?.sid
    const from = { address: call.exchange.address, userId: session?.user.id }
    const flow = await beginSignIn(parts.db, { from, purpose: 'authorize', request, browserHash: browser.hash, clientId: client.id, sid })
    return seeOther(`/oauth/${sid === undefined ? 'sign-in' : 'consent'}?flow=${flow}`, cookies)
  }

/**
 * Why nothing can be answered without asking. Whether somebody is signed in here is told only to clients that an
 * administrator knows: any program may register itself, and would learn it of every visitor.
 */
const silentFault = (client: OAuthClient, session: object | undefined) =>
  session || !isVouchedFor(client) ? 'interaction_required' : 'login_required'

function requestOf(
  parts: OAuthParts,
  { client, redirect, codeChallenge, target, scope, prompt, form, exchange }: Checked,
  { asksSignIn }: { asksSignIn: boolean },
) {
  const request: AuthorizeRequest = {
    clientId: client.id,
    redirectUri: redirect.uri,
    state: redirect.state,
    codeChallenge,
    audience: grantedAudiences(client, target, parts),
    scope,
    isDirect: isDirect(exchange.request.headers['sec-fetch-site']),
    asksConsent: prompt.has('consent'),
    asksSignIn,
    loginHint: optionalText(form, 'login_hint'),
  }
  return request
}

/**
 * Whether the person came by themselves or from a program, and not by a link on a page (Fetch Metadata). A page of the
 * same site is one of somebody else too: another port of this computer, or another host of the company. A browser that
 * does not say counts as foreign.
 */
const isDirect = (site: string | string[] | undefined) => site === 'none' || site === 'same-origin'

/** Whether the client may learn of an error. What the person decided goes to every client. */
export function mayLearn(client: OAuthClient, { redirect }: Redirectable, { code }: OAuthError): boolean {
  return code === 'access_denied' || mayLeadTo(client, redirect.uri)
}

/** An error goes to the client once its redirect URI is known to be its own (RFC 6749, section 4.1.2.1). */
export function redirectedError(issuer: string, { redirect }: Redirectable, error: OAuthError): Answer {
  const { uri, state } = redirect
  return seeOther(clientAddress(uri, issuer, { error: error.code, error_description: error.message, state }))
}

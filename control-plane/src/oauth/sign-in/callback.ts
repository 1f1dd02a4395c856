import { z } from 'zod'
import type { Answer } from '../../base/http.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Incoming } from '../base/stages.ts'
import { optionalText } from '../base/form.ts'
import { signIn as signInPerson } from '../../providers/sign-in.ts'
import { startBrowserSession } from '../../sessions/browser-session.ts'
import { seeOther } from '../flow/answers.ts'
import type { InBrowser } from '../flow/browser.ts'
import { PageFault } from '../flow/page-fault.ts'
import { findSignIn, setSession } from '../flow/sign-ins.ts'
import type { SignInRow } from '../flow/sign-ins.ts'
import { attemptOf } from './choose.ts'

export interface AtCallback {
  provider: string
  state: string
  flow: string
  signIn: SignInRow
}

/** Finds the sign-in of the provider's answer. It must have begun in this browser, and at this provider. */
export const findAttempt =
  ({ db }: OAuthParts) =>
  async ({ exchange: { url, rest }, browser }: Incoming & InBrowser): Promise<AtCallback> => {
    const state = optionalText(url.searchParams, 'state') ?? ''
    const [flow = ''] = state.split('.')
    if (flow === '') throw new PageFault({ situation: 'sign-in-expired' }, { reason: 'state-missing' })
    const signIn = await findSignIn(db, flow, { hash: browser.hash })
    if (signIn.provider !== rest) throw new PageFault({ situation: 'sign-in-expired' }, { reason: 'provider-mix-up' })
    return { provider: rest, state, flow, signIn }
  }

/**
 * Takes the provider's word for who it is, begins the browser's session, and goes on with what the sign-in is for. A
 * callback that is loaded again goes on too: the person has signed in already.
 */
export const finishAtProvider =
  (parts: OAuthParts) =>
  async ({
    exchange,
    browser,
    session,
    elsewhere,
    cookies,
    provider,
    state,
    flow,
    signIn,
  }: Incoming & InBrowser & AtCallback): Promise<Answer> => {
    const next = nextOf(signIn, flow)
    const sender = { address: exchange.address, userAgent: exchange.request.headers['user-agent'] }
    if (session && session.sid === signIn.sid) return seeOther(next, cookies)
    const said = await parts.providers.finish(provider, exchange.url, attemptOf(browser.secret, state))
    const { user } = await signInPerson(parts.ctxOf(`provider:${provider}`), provider, said.claims)
    if (user.disabled)
      throw new PageFault({ situation: 'account-disabled' }, { reason: 'person-disabled', whose: user, detail: `signed in at ${provider}` })
    await parts.record({ ...sender, method: 'oauth/callback', outcome: 'answered', user, detail: `signed in at ${provider}` })
    // Somebody who signs in twice, in two tabs, is in one session: the first tab goes on.
    if (session?.user.id === user.id) {
      await setSession(parts.db, signIn, session.sid)
      return seeOther(next, cookies)
    }
    // The same person in the same browser, which has moved: the session that it had is not needed any more.
    const moved = elsewhere?.userId === user.id ? elsewhere.sid : undefined
    const started = await startBrowserSession(parts, {
      user,
      provider,
      idToken: said.idToken,
      providerSession: said.session,
      remembered: (await parts.settings()).session.remember === 'on',
      ...sender,
      replaces: session?.sid ?? moved,
    })
    await setSession(parts.db, signIn, started.sid)
    return seeOther(next, [...browser.cookies, ...started.cookies])
  }

const ReturnTo = z.object({ returnTo: z.string() })

function nextOf({ purpose, request }: SignInRow, flow: string): string {
  return purpose === 'authorize' ? `/oauth/consent?flow=${flow}` : ReturnTo.parse(request).returnTo
}

import { optionalText } from '../base/form.ts'
import { deriveSecret, isSame } from '../../base/secrets/secret.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Incoming } from '../base/stages.ts'
import { languageOf } from '../../pages/kit/language-of.ts'
import type { Language } from '@bir/sdk/texts/language'
import { browserCookie } from '../../sessions/browser-cookie.ts'
import type { BrowserCookie } from '../../sessions/browser-cookie.ts'
import { readBrowserSession } from '../../sessions/browser-session.ts'
import type { BrowserSession, FoundSession } from '../../sessions/browser-session.ts'
import { findSignIn } from './sign-ins.ts'
import type { SignInRow } from './sign-ins.ts'
import { PageFault } from './page-fault.ts'
import { SignInNeeded } from './sign-in-needed.ts'

/** The browser in front of which somebody sits, and who is signed in there. */
export interface InBrowser extends Pick<FoundSession, 'elsewhere' | 'over'> {
  browser: BrowserCookie
  session: BrowserSession | undefined
  language: Language
  /** `set-cookie` headers for the answer. */
  cookies: readonly string[]
}

export const readBrowser =
  (parts: OAuthParts) =>
  async ({ exchange: { request, address } }: Incoming): Promise<InBrowser> => {
    const browser = browserCookie(parts.issuer, request)
    const found = await readBrowserSession(parts, request, address)
    return { browser, ...found, language: languageOf(request), cookies: [...browser.cookies, ...(found.session?.cookies ?? [])] }
  }

export interface InFlow {
  /** The handle that the pages of the sign-in carry. */
  flow: string
  signIn: SignInRow
}

/** Finds the sign-in that the parameter `flow` names, of a query or a form. */
export const findFlow =
  ({ db }: OAuthParts) =>
  async ({ exchange: { url }, form, browser }: Incoming & InBrowser & { form?: URLSearchParams }): Promise<InFlow> => {
    const flow = optionalText(form ?? url.searchParams, 'flow')
    if (flow === undefined) throw new PageFault({ situation: 'page-not-found' })
    return { flow, signIn: await findSignIn(db, flow, browser) }
  }

/** What a form must carry, so that no page of others can send it (CSRF). It is good for one sign-in and one session. */
export const csrfOf = ({ browser, session }: Pick<InBrowser, 'browser'> & { session: { sid: string } | undefined }, flow: string): string =>
  deriveSecret(browser.secret, `csrf ${flow} ${session?.sid ?? ''}`)

/** Checks the form of a sign-in. */
export const checkCsrf = ({ flow, ...call }: InBrowser & InFlow & { form: URLSearchParams }): void => checkForm(call, flow)

/**
 * Checks that the form is of a page of ours, which was shown in this browser, to whom is signed in now. Whose session
 * has ended since signs in again and goes on: nothing is decided. `page` leads there, where it is no page of a sign-in.
 */
export function checkForm(
  { form, over, elsewhere, ...inBrowser }: InBrowser & { form: URLSearchParams },
  name: string,
  page?: string,
): void {
  const csrf = form.get('csrf') ?? ''
  if (isSame(csrf, csrfOf(inBrowser, name))) return
  if (over && isSame(csrf, csrfOf({ ...inBrowser, session: over }, name))) {
    refuseDisabled(over)
    throw new SignInNeeded(page, over)
  }
  // The page is of a session whose cookie comes from elsewhere now: the sign-in goes on.
  throw elsewhere ? new SignInNeeded(page) : new PageFault({ situation: 'stale-form' }, { reason: 'csrf' })
}

/** Whose account is disabled learns that, as at a sign-in. */
export function refuseDisabled({ sid, user }: NonNullable<InBrowser['over']>): void {
  if (!user.disabled) return
  throw new PageFault(
    { situation: 'account-disabled' },
    { reason: 'person-disabled', whose: user, detail: `sent a form of session ${sid}` },
  )
}

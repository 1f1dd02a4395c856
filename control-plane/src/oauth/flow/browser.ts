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
export interface InBrowser extends Pick<FoundSession, 'elsewhere'> {
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
export const csrfOf = ({ browser, session }: Pick<InBrowser, 'browser' | 'session'>, flow: string): string =>
  deriveSecret(browser.secret, `csrf ${flow} ${session?.sid ?? ''}`)

export const checkCsrf = ({ form, flow, ...browser }: InBrowser & InFlow & { form: URLSearchParams }): void => {
  if (isSame(form.get('csrf') ?? '', csrfOf(browser, flow))) return
  // The page is of a session whose cookie comes from elsewhere now: nothing is decided, and the sign-in goes on.
  throw browser.elsewhere ? new SignInNeeded() : new PageFault({ situation: 'stale-form' }, { reason: 'csrf' })
}

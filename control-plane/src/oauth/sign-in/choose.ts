import { z } from 'zod'
import { optionalText } from '../base/form.ts'
import type { Answer } from '../../base/http.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Incoming } from '../base/stages.ts'
import { deriveSecret, newSecret } from '../../base/secrets/secret.ts'
import { openFault, sealFault } from '../flow/after-form.ts'
import { seeOther, withCookies } from '../flow/answers.ts'
import { csrfOf } from '../flow/browser.ts'
import type { InBrowser, InFlow } from '../flow/browser.ts'
import { PageFault } from '../flow/page-fault.ts'
import { beginSignIn, setProvider } from '../flow/sign-ins.ts'
import { providerChoicePage } from '../../pages/sign-in-page.ts'

type Call = Incoming & InBrowser & InFlow

/** What was written instead of a choice, and why it chose nobody. */
interface EmailFault {
  written: string
  fault: 'no-address' | 'unknown-domain'
}

/** Leads to the only provider, or asks which one. `again` leads to the one that was chosen before. */
export const chooseProvider =
  (parts: OAuthParts) =>
  async (call: Call): Promise<Answer> => {
    const providers = await parts.providers.list()
    const [only, ...others] = providers
    if (!only) throw new PageFault({ situation: 'no-provider' })
    if (others.length === 0) return toProvider(parts, call, only.handle)
    const { searchParams } = call.exchange.url
    const before = searchParams.has('again') ? providers.find(({ handle }) => handle === call.signIn.provider) : undefined
    if (before) return toProvider(parts, call, before.handle)
    return choicePage(parts, call, openFault<EmailFault>(parts, call, optionalText(searchParams, 'fault') ?? ''))
  }

/** The answer to that question: a provider, or an address whose domain chooses one. */
export const takeChoice =
  (parts: OAuthParts) =>
  async (call: Call & { form: URLSearchParams }): Promise<Answer> => {
    const providers = await parts.providers.list()
    const [handle, written] = [optionalText(call.form, 'provider'), optionalText(call.form, 'email')?.trim().slice(0, maxEmailChars)]
    if (handle !== undefined && providers.some((provider) => provider.handle === handle)) return toProvider(parts, call, handle)
    if (written === undefined) throw new PageFault({ situation: 'unknown-provider' })
    const domain = /^[^@\s]+@([^@\s]+)$/.exec(written)?.[1]?.toLowerCase()
    if (domain === undefined) return askAnew(parts, call, { written, fault: 'no-address' })
    const chosen = providers.find(({ domains }) => domains.includes(domain))
    return chosen ? toProvider(parts, call, chosen.handle, written) : askAnew(parts, call, { written, fault: 'unknown-domain' })
  }

/** RFC 5321, section 4.5.3.1: no address is longer. */
const maxEmailChars = 320

/** The same page again, with its sentence, at an address of its own. */
const askAnew = (parts: OAuthParts, call: Call, fault: EmailFault): Answer =>
  seeOther(`/oauth/sign-in?flow=${encodeURIComponent(call.flow)}&fault=${sealFault(parts, call, fault)}`, call.cookies)

async function choicePage(parts: OAuthParts, call: Call, email: EmailFault | undefined) {
  const providers = await parts.providers.list()
  const { flow, signIn, language, cookies } = call
  // A failure to find the client anew is no reason against the sign-in: the consent page tells.
  const client =
    signIn.client_id === null ? undefined : await parts.findClient(signIn.client_id, call.exchange.address).catch(() => undefined)
  const data = {
    flow,
    csrf: csrfOf(call, flow),
    clientName: client?.name,
    providers: providers.filter(({ domains }) => domains.length === 0),
    asksEmail: providers.some(({ domains }) => domains.length > 0),
    email,
  }
  return withCookies(providerChoicePage(data, language), cookies)
}

async function toProvider(
  { db, providers }: OAuthParts,
  { flow, signIn, browser, cookies }: Call,
  handle: string,
  loginHint?: string,
): Promise<Answer> {
  await setProvider(db, signIn, handle)
  const state = `${flow}.${newSecret()}`
  const { asksSignIn, loginHint: hint = loginHint } = Wishes.parse(signIn.request)
  const attempt = { ...attemptOf(browser.secret, state), asksSignIn, ...(hint === undefined ? {} : { loginHint: hint }) }
  const url = await providers.authorizationUrl(handle, attempt)
  return seeOther(url.href, cookies)
}

/** What a client wishes for the sign-in, or a person who is not the one that is signed in. */
const Wishes = z.object({ asksSignIn: z.boolean().default(false), loginHint: z.string().optional() })

/** What binds an attempt to this browser. Only the browser's own cookie gives it, so nothing of it is stored. */
export const attemptOf = (browserSecret: string, state: string) => ({
  state,
  nonce: deriveSecret(browserSecret, `nonce ${state}`),
  codeVerifier: deriveSecret(browserSecret, `code verifier ${state}`),
})

/** Begins a sign-in for a page of ours, to which the browser returns: `GET /oauth/sign-in?return=/graphql`. */
export const beginForPage =
  ({ db }: OAuthParts) =>
  async ({ exchange: { url, address }, browser, session, cookies }: Incoming & InBrowser): Promise<Answer> => {
    const returnTo = optionalText(url.searchParams, 'return') ?? '/oauth/signed-in'
    if (!isOwnPath(returnTo)) throw new PageFault({ situation: 'page-not-found' }, { reason: 'foreign-return' })
    const flow = await beginSignIn(db, {
      from: { address, userId: session?.user.id },
      purpose: 'page',
      request: { returnTo },
      browserHash: browser.hash,
    })
    return seeOther(`/oauth/sign-in?flow=${flow}`, cookies)
  }

/** A path of this site, in no spelling that a browser takes for another site (open redirect). */
const isOwnPath = (path: string): boolean => /^\/[A-Za-z0-9_-][\w/.-]*(?:\?[\w=&.%~-]*)?$/.test(path) && !path.includes('..')

import type { IncomingMessage } from 'node:http'
import { isOAuthReason } from '@bir/sdk/contract/audit-reasons'
import { OAuthError } from '../base/errors/oauth-error.ts'
import { Refusal } from '../base/http.ts'
import type { Answer } from '../base/http.ts'
import { errorText } from '../base/log.ts'
import { isStorable } from '../base/plain-input.ts'
import { finishedPage } from '../pages/end-pages.ts'
import { errorPage } from '../pages/error-page.ts'
import type { ErrorData } from '../pages/error-page.ts'
import { languageOf } from '../pages/kit/language-of.ts'
import { ProviderFault } from '../providers/faults/provider-fault.ts'
import { mayLearn, redirectedError } from './authorize/begin.ts'
import type { Redirectable } from './authorize/read-request.ts'
import type { OAuthParts } from './base/parts.ts'
import { asOAuthError } from './base/provider-refusal.ts'
import type { Incoming } from './base/stages.ts'
import { claimedClient } from './clients/authentication/authenticate-client.ts'
import type { OAuthClient } from './clients/client.ts'
import { errorAfterForm } from './flow/after-form.ts'
import { seeOther, withCookies } from './flow/answers.ts'
import { csrfOf } from './flow/browser.ts'
import type { InBrowser, InFlow } from './flow/browser.ts'
import { PageFault, pageFaultOf } from './flow/page-fault.ts'
import { SignInFinished } from './flow/sign-in-finished.ts'
import { SignInNeeded } from './flow/sign-in-needed.ts'

/* How the endpoints answer errors. Each is recorded, with the id that the answer names. */

type Known = Incoming & Partial<InBrowser & InFlow & Redirectable & { client: OAuthClient; provider: string; form: URLSearchParams }>

const senderOf = (error: unknown, { exchange: { address, request }, id, client, session, ...known }: Known) => ({
  id,
  address,
  userAgent: request.headers['user-agent'],
  client: client?.id ?? namedClient(request, known),
  user: session?.user ?? (error instanceof PageFault ? error.whose : undefined),
  ...(error instanceof OAuthError && error.whose),
})

/** Which client a request names that was refused before its client was known. An administrator may want to list it. */
function namedClient(request: IncomingMessage, { form, signIn }: Pick<Known, 'form' | 'signIn'>): string | undefined {
  const named = (form && claimedClient(form, request)) ?? signIn?.client_id
  return named && isStorable(named) ? named : undefined
}

/** A person in front of a page sees what happened, whose fault it is, and what to do. */
export const asPage = (parts: OAuthParts, method: string) =>
  pageWith(parts, method, (data, { exchange }) => errorPage(data, languageOf(exchange.request)))

/** The same for an address that takes a form of these pages. */
export const asPageAfterForm = (parts: OAuthParts, method: string) => pageWith(parts, method, (data) => errorAfterForm(parts, data))

const pageWith =
  (parts: OAuthParts, method: string, show: (data: ErrorData, known: Known) => Answer) =>
  async (error: unknown, known: Known): Promise<Answer> => {
    if (error instanceof SignInFinished) return withCookies(finishedPage(languageOf(known.exchange.request)), known.cookies ?? [])
    if (error instanceof SignInNeeded) {
      await recordOver(parts, method, error, known)
      return seeOther(error.page ?? `/oauth/sign-in?flow=${known.flow}`, known.cookies)
    }
    const { redirect, client, id, exchange } = known
    const fault = pageFaultOf(error, known.provider)
    const isFailure = fault.situation.situation === 'server-error'
    if (isFailure)
      parts.log('error', 'request-failed', { method: exchange.request.method, path: exchange.url.pathname, id, why: errorText(error) })
    const isRecorded = await parts.record({
      ...senderOf(error, known),
      method,
      outcome: isFailure ? 'failed' : 'refused',
      reason: fault.reason,
      detail: recordDetailOf(error) ?? fault.detail,
    })
    // From here on the client is known, and learns it: the person comes back to it.
    if (redirect && client && error instanceof OAuthError && mayLearn(client, { redirect }, error))
      return redirectedError(parts.issuer, { redirect }, error)
    // A refusal that was only counted has nothing that its id would find. A failure is in the log by its id too.
    const said = {
      id: isRecorded || isFailure ? id : undefined,
      detail: helpOf(fault, parts.stage),
      sentence: fault.sentence,
      retryAfterS: fault.retryAfterS,
    }
    return show({ ...fault.situation, ...said, ...(await waysOut(parts, error, known)) }, known)
  }

/** Somebody sent a form of a session that has ended: they sign in again, and the audit has whose session it was. */
async function recordOver(parts: OAuthParts, method: string, { over }: SignInNeeded, known: Known): Promise<void> {
  if (!over) return
  const { sid: sessionId, user } = over
  const detail = 'A form of a session that has ended was sent: the person must sign in again.'
  await parts.record({ ...senderOf(over, known), user, sessionId, method, outcome: 'refused', reason: 'session-ended', detail })
}

/** Who looks at a page of stage local is its administrator too, and gets the command. */
function helpOf({ situation: { situation }, detail }: PageFault, stage: string): string | undefined {
  if (stage !== 'local' || situation !== 'unreachable-client-document') return detail
  return `${detail} Here: npm run -s bir -- apply -f deploy/local/no-internet.bir.yaml. Then let the program forget what it tried, such as by "claude mcp logout bir", and sign in again.`
}

/** Programs get JSON (RFC 6749, section 5.2). */
export const asJson =
  (parts: OAuthParts, method: string) =>
  async (error: unknown, known: Known): Promise<never> => {
    const refusal = refusalOf(error)
    if (!refusal) throw error
    const reason = reasonOf(refusal)
    const detail = recordDetailOf(refusal) ?? refusal.message
    const isClientProven = known.client !== undefined && known.client.authMethod !== 'none'
    await parts.record({ ...senderOf(error, known), isClientProven, method, outcome: 'refused', reason, detail })
    throw refusal
  }

const recordDetailOf = (error: unknown) => (error instanceof OAuthError ? error.recordDetail : undefined)

const reasonOf = (refusal: Refusal) => {
  if (refusal instanceof OAuthError) return refusal.reason
  return isOAuthReason(refusal.error) ? refusal.error : 'invalid_request'
}

type WaysOut = Pick<ErrorData, 'retryUrl' | 'choiceUrl' | 'cancel'>

/**
 * How somebody goes on whose sign-in came to nothing: once more at the same provider, unless an administrator must mend
 * it first; at another provider; or back to the client, which learns that they gave up.
 */
async function waysOut({ providers }: OAuthParts, error: unknown, { flow, signIn, browser, session }: Known): Promise<WaysOut> {
  const isProviders = error instanceof ProviderFault || (error instanceof PageFault && error.reason === 'person-disabled')
  if (!isProviders || flow === undefined || !browser || !signIn || signIn.finished_at !== null) return {}
  const choiceUrl = `/oauth/sign-in?flow=${encodeURIComponent(flow)}`
  const mayHelp = error instanceof ProviderFault && (error.whose === 'you' || error.whose === 'provider')
  const [, another] = await providers.list().catch(() => [])
  return {
    ...(mayHelp && { retryUrl: `${choiceUrl}&again=on` }),
    ...(another && { choiceUrl }),
    ...(signIn.purpose === 'authorize' && { cancel: { flow, csrf: csrfOf({ browser, session }, flow) } }),
  }
}

function refusalOf(error: unknown): Refusal | undefined {
  const refusal = asOAuthError(error)
  return refusal instanceof Refusal ? refusal : undefined
}

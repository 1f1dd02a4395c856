import type { Language } from '@bir/sdk/texts/language'
import type { Answer, Exchange } from '../../base/http.ts'
import { deviceDonePage } from '../../pages/device-pages.ts'
import { signedOutPage } from '../../pages/end-pages.ts'
import { errorPage, SITUATIONS } from '../../pages/error-page.ts'
import type { ErrorData } from '../../pages/error-page.ts'
import { optionalText } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { seeOther } from './answers.ts'
import type { InBrowser } from './browser.ts'
import { PageFault } from './page-fault.ts'

/*
 * A form is never answered with a page itself: whoever goes back to such a page, or loads it again, is asked whether to
 * send the form again. It is answered with a redirect to an address that shows the page, however often. The address
 * holds what the page says, sealed, so that only this server writes it, and any replica shows it.
 */

/** A page that says what a form has done. */
export type ResultPage =
  | { kind: 'device-done'; decision: 'allow' | 'deny'; clientName: string }
  | { kind: 'signed-out'; stillAt?: string | undefined; onwardTo?: string | undefined }

type Shown = ResultPage | { kind: 'error'; data: ErrorData }

type Master = Pick<OAuthParts, 'master'>

export const RESULT_PATH = '/oauth/result'

/** Answers a form with a page, in the browser that sent the form and in no other. */
export const resultAfterForm = (parts: Master, { browser, cookies }: InBrowser, page: ResultPage): Answer =>
  seeOther(`${RESULT_PATH}?page=${seal(parts, ofBrowser(browser), page)}`, cookies)

/** Answers a form with an error page. A browser that keeps no cookies sees it too. */
export const errorAfterForm = (parts: Master, data: ErrorData): Answer =>
  seeOther(`${RESULT_PATH}?page=${seal(parts, ofAnybody, { kind: 'error', data: { ...data, detail: data.detail?.slice(0, maxChars) } })}`)

const maxChars = 1000

/** Shows such a page. */
export const showResult =
  (parts: Master) =>
  ({ exchange, browser, language }: InBrowser & { exchange: Exchange }): Answer => {
    const sealed = optionalText(exchange.url.searchParams, 'page') ?? ''
    const page = open<Shown>(parts, [ofBrowser(browser), ofAnybody], sealed)
    if (!page || !isKnown(page)) throw new PageFault({ situation: 'sign-in-expired' })
    return answerOf(page, language)
  }

/** Another version of this program may have sealed it. */
const isKnown = (page: Shown) => page.kind !== 'error' || page.data.situation in SITUATIONS

function answerOf(page: Shown, language: Language): Answer {
  if (page.kind === 'error') return errorPage(page.data, language)
  return page.kind === 'signed-out' ? signedOutPage(page, language) : deviceDonePage(page, language)
}

/** Seals what was wrong with a field of a form, for the page that has the form. */
export const sealFault = (parts: Master, { browser }: InBrowser, fault: object): string => seal(parts, faultOf(browser), fault)

export const openFault = <Fault>(parts: Master, { browser }: InBrowser, sealed: string): Fault | undefined =>
  open<Fault>(parts, [faultOf(browser)], sealed)

const ofBrowser = ({ hash }: InBrowser['browser']) => `page for browser ${hash}`
const ofAnybody = 'page for anybody'
const faultOf = ({ hash }: InBrowser['browser']) => `fault for browser ${hash}`

const seal = ({ master }: Master, purpose: string, content: object): string =>
  master.wrap(purpose, Buffer.from(JSON.stringify(content))).toString('base64url')

function open<Content>({ master }: Master, purposes: readonly string[], sealed: string): Content | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  for (const purpose of purposes)
    try {
      return JSON.parse(master.unwrap(purpose, bytes).toString()) as Content
    } catch {
      continue
    }
  return undefined
}

import { LANGUAGE_NAMES, LANGUAGES } from '@bir/sdk/texts/language'
import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import { documentOf, html } from './html.ts'
import type { Part } from './html.ts'
import { FAVICON, MARK } from './icons.ts'
import { STYLE } from './style.ts'

interface Content {
  language: Language
  title: string
  body: Part
  status?: number
  /** With status 429: when to ask again. */
  retryAfterS?: number | undefined
  /**
   * Whether a form of the page leads to another site: a client, or a provider. Chromium holds `form-action` against
   * each redirect after a form, those of the other site too, which nobody can name beforehand. So such a page has none.
   */
  leadsElsewhere?: boolean
  /** Whether the page ends its flow. Such a page lets go of the window that opened it; others a client may wait for. */
  isLast?: boolean
  /** Whether the site has the language switch. The demo provider has none. */
  hasSwitch?: boolean
}

/** A page as it is sent: an `Answer` of the HTTP server. */
export interface Page {
  status: number
  headers: Record<string, string>
  body: string
}

/** Where the language switch sends its choice. */
export const LANGUAGE_PATH = '/oauth/language'

/** A whole page, with the headers that protect it. */
export function pageAnswer({
  language,
  title,
  body,
  status = 200,
  retryAfterS = 60,
  leadsElsewhere = false,
  isLast = false,
  hasSwitch = true,
}: Content): Page {
  const page = html`<html lang="${language}" dir="ltr">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width,initial-scale=1" />
      <meta name="robots" content="noindex" />
      <title>${title} – Bir MCP</title>
      ${FAVICON}${STYLE.element}
    </head>
    <body>
      <header>${MARK}<span>Bir MCP</span></header>
      <main>${body}</main>
      <footer>${hasSwitch && languageSwitch(language)}</footer>
    </body>
  </html>`
  const headers = headersOf(language, leadsElsewhere, isLast)
  return { status, headers: status === 429 ? { ...headers, 'retry-after': String(retryAfterS) } : headers, body: documentOf(page) }
}

/**
 * `referrer-policy` is not `no-referrer`, with which browsers send a form with `Origin: null`. An opener policy before
 * the end would cut off the page of a client that opened this window and waits for it.
 */
function headersOf(language: Language, leadsElsewhere: boolean, isLast: boolean): Record<string, string> {
  const formAction = leadsElsewhere ? '' : "; form-action 'self'"
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-language': language,
    'content-security-policy': `default-src 'none'; style-src ${STYLE.source}; img-src 'self' data:${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    ...(isLast && { 'cross-origin-opener-policy': 'same-origin' }),
  }
}

function languageSwitch(language: Language) {
  const button = (other: Language) =>
    html`<button class="quiet" name="language" value="${other}" lang="${other}" ${other === language && html` aria-current="true"`}>
      ${LANGUAGE_NAMES[other]}
    </button>`
  return html`<nav class="languages" aria-label="${textsOf(language).common.language}">
    <form method="post" action="${LANGUAGE_PATH}">${LANGUAGES.map(button)}</form>
  </nav>`
}

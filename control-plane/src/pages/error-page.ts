import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Situation, SituationWithFacts, Texts } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import { STOP_SIGN } from './kit/icons.ts'
import { pageAnswer } from './kit/page.ts'
import { fact, hiddenFields } from './kit/parts.ts'
import { nameOf } from './kit/shown.ts'

type Whose = 'you' | 'client' | 'provider' | 'gateway' | 'administrator'

/** Where the cause of a situation lies, and the HTTP status of its page. */
export const SITUATIONS: Record<Situation, { whose: Whose; status: number }> = {
  'unknown-client': { whose: 'client', status: 400 },
  'client-not-allowed': { whose: 'administrator', status: 403 },
  'wrong-redirect': { whose: 'client', status: 400 },
  'faulty-request': { whose: 'client', status: 400 },
  'unreachable-client-document': { whose: 'administrator', status: 400 },
  'untrusted-client-document': { whose: 'client', status: 400 },
  'failing-client-document': { whose: 'client', status: 400 },
  'faulty-client-document': { whose: 'client', status: 400 },
  'client-documents-off': { whose: 'administrator', status: 403 },
  'unknown-resource': { whose: 'client', status: 400 },
  'sign-in-expired': { whose: 'you', status: 400 },
  'other-browser': { whose: 'you', status: 400 },
  'cookies-blocked': { whose: 'you', status: 400 },
  'network-changes': { whose: 'administrator', status: 403 },
  'code-used': { whose: 'you', status: 400 },
  'stale-form': { whose: 'you', status: 400 },
  'too-many-attempts': { whose: 'you', status: 429 },
  'sign-in-cancelled': { whose: 'provider', status: 403 },
  'provider-down': { whose: 'provider', status: 502 },
  'provider-slow': { whose: 'provider', status: 504 },
  'faulty-provider': { whose: 'provider', status: 502 },
  'unknown-provider-key': { whose: 'provider', status: 502 },
  'clock-off': { whose: 'administrator', status: 502 },
  'provider-refused': { whose: 'administrator', status: 502 },
  'unknown-provider': { whose: 'you', status: 400 },
  'no-provider': { whose: 'administrator', status: 503 },
  'missing-claims': { whose: 'administrator', status: 403 },
  'handle-taken': { whose: 'administrator', status: 403 },
  'account-disabled': { whose: 'administrator', status: 403 },
  'access-refused': { whose: 'administrator', status: 403 },
  'foreign-form': { whose: 'you', status: 403 },
  'page-not-found': { whose: 'you', status: 404 },
  'try-later': { whose: 'gateway', status: 503 },
  'server-error': { whose: 'gateway', status: 500 },
}

export type ErrorData = SituationWithFacts & {
  /** What `bir audit search --id` finds. Absent where nothing was recorded. */
  id?: string | undefined
  /** A path here, or an address, that begins again. */
  retryUrl?: string | undefined
  /** A path here that asks which provider to sign in with. */
  choiceUrl?: string | undefined
  /** What the form carries by which the person gives up the sign-in. It posts to /oauth/cancel. */
  cancel?: { flow: string; csrf: string } | undefined
  /** A sentence in English for those who mend it, such as the `error_description`. It holds no secret. */
  detail?: string | undefined
  /** With status 429: when to try again; a minute where it does not say. */
  retryAfterS?: number | undefined
  /** What the administrators say to the person, in place of what the situation says and of its details. */
  sentence?: string | undefined
  /** Where the situation's own status would be wrong. */
  status?: number | undefined
}

/** Says what happened, where the cause lies, what to do, and under which id the audit has it. */
export function errorPage(data: ErrorData, language: Language): Answer {
  const texts = textsOf(language)
  const { error } = texts
  const { whose, status } = SITUATIONS[data.situation]
  const { title, what, next } = said(texts, data)
  const body = html`${STOP_SIGN}
    <h1>${title}</h1>
    <p class="lead">${data.sentence ?? what}</p>
    ${
      data.sentence === undefined &&
      html`<h2>${error.next}</h2>
        <p>${next}</p>`
    }
    ${data.retryUrl !== undefined && html`<p class="after"><a class="button main" href="${data.retryUrl}">${error.retry}</a></p>`}
    ${data.choiceUrl !== undefined && html`<p class="after"><a class="button" href="${data.choiceUrl}">${error.otherWay}</a></p>`}
    ${data.cancel && html`<form method="post" action="/oauth/cancel">${hiddenFields(data.cancel)}<button>${error.cancel}</button></form>`}
    <dl class="wide">${fact(error.whose, error[whose])}${data.id !== undefined && reference(texts, data.id)}</dl>
    ${data.detail !== undefined && data.sentence === undefined && detailOf(error.detail, data.detail)}`
  return pageAnswer({
    language,
    title,
    body,
    status: data.status ?? status,
    retryAfterS: data.retryAfterS,
    leadsElsewhere: data.cancel !== undefined,
  })
}

const reference = ({ error }: Texts, id: string) =>
  fact(error.id, html`<code class="id">${id}</code><br /><small class="soft">${error.idUse}</small>`)

const detailOf = (summary: string, detail: string) =>
  html`<details>
    <summary>${summary}</summary>
    <p lang="en">${detail}</p>
  </details>`

/** Names among the facts were chosen by others. */
function said(texts: Texts, { situation, facts }: SituationWithFacts) {
  const shown = Object.fromEntries(
    Object.entries(facts ?? {}).map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? nameOf(value) : value]),
  )
  // The type of the data holds that the facts are those of the situation, which TypeScript cannot follow here.
  const say = texts.situations[situation] as (facts: object) => { title: string; what: string; next: string }
  return say(shown)
}

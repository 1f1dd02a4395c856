import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Texts } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import { pageAnswer } from './kit/page.ts'
import { describedByFault, faultOf, hiddenFields } from './kit/parts.ts'
import { nameOf } from './kit/shown.ts'

export interface ProviderChoiceData {
  flow: string
  csrf: string
  /** The client that the sign-in is for. Absent: a page of the gateway's own. */
  clientName?: string | undefined
  /** A button for each. */
  providers: readonly { handle: string; title: string }[]
  /** Whether a person may write their address instead, so that its domain chooses. */
  asksEmail: boolean
  /** What was written, where it chose nobody. */
  email?: { written: string; fault: 'no-address' | 'unknown-domain' } | undefined
}

/** Asks where a person signs in. It posts `flow`, `csrf` and either `provider` or `email` to /oauth/sign-in. */
export function providerChoicePage(data: ProviderChoiceData, language: Language): Answer {
  const texts = textsOf(language)
  const { signIn } = texts
  const fields = hiddenFields({ flow: data.flow, csrf: data.csrf })
  const isChoice = data.asksEmail && data.providers.length > 0
  const button = ({ handle, title }: { handle: string; title: string }) =>
    html`<button name="provider" value="${handle}">${signIn.with({ provider: nameOf(title) })}</button>`
  const body = html`<h1>${signIn.title}</h1>
    <p class="lead">${data.clientName === undefined ? signIn.forGateway : signIn.forClient({ client: nameOf(data.clientName) })}</p>
    ${data.asksEmail && html`<form method="post" action="/oauth/sign-in">${fields}${emailField(texts, data.email)}<button class="main">${texts.common.continue}</button></form>`}
    ${isChoice && html`<div class="or" role="separator">${signIn.or}</div>`}
    ${data.providers.length > 0 && html`<form class="bare" method="post" action="/oauth/sign-in">${fields}${data.providers.map(button)}</form>`}`
  return pageAnswer({ language, title: signIn.title, body, status: data.email ? 422 : 200, leadsElsewhere: true })
}

function emailField({ signIn }: Texts, email: ProviderChoiceData['email']) {
  const fault =
    email && (email.fault === 'no-address' ? signIn.noAddress : signIn.unknownDomain({ domain: nameOf(domainOf(email.written)) }))
  return html`${faultOf(fault)}
    <label for="email">${signIn.email}</label>
    <input
      id="email"
      name="email"
      type="email"
      value="${email?.written}"
      autocomplete="email"
      autocapitalize="none"
      spellcheck="false"
      required
      autofocus
      ${describedByFault(fault)}
    />`
}

const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).trim()

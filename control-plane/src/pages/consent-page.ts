import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Texts } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import type { Part } from './kit/html.ts'
import { SHIELD } from './kit/icons.ts'
import { pageAnswer } from './kit/page.ts'
import { address, cautions, decisionForm, fact, pair, mayDo, who } from './kit/parts.ts'
import { redirectTargetOf } from './kit/redirect.ts'
import type { RedirectTarget } from './kit/redirect.ts'
import { nameOf } from './kit/shown.ts'
import type { ShownClient, ShownPerson } from './kit/shown.ts'

export interface ConsentData {
  flow: string
  csrf: string
  person: ShownPerson
  client: ShownClient
  /** Where the answer goes: one of the client's own addresses. */
  redirectUri: string
  /** The address that the token will be good for. */
  resource: string
  /** Shows the check box `stay`: the browser may keep the sign-in after it was closed. */
  asksStay: boolean
}

/**
 * Asks a person whether a client may act for them. It posts `flow`, `csrf` and `decision` (`allow`, `deny` or
 * `other-person`) to /oauth/consent, and `remember=on` and `stay=on` where the person wants it.
 */
export function consentPage(data: ConsentData, language: Language): Answer {
  const texts = textsOf(language)
  const { consent } = texts
  const client = nameOf(data.client.name)
  const target = redirectTargetOf(data.redirectUri)
  const form = { action: '/oauth/consent', fields: { flow: data.flow, csrf: data.csrf } }
  const body = html`${pair(client)}
    <h1>${consent.title({ client })}</h1>
    ${standing(texts, data.client)} ${who(texts, data.person, form)}
    <h2 id="may">${consent.may}</h2>
    <ul aria-labelledby="may">
      ${mayDo(texts, data.resource)}
    </ul>
    <dl>${fact(consent.resource, address(data.resource))}${fact(consent.returnsTo, targetText(texts, target))}</dl>
    ${cautions(texts.common.cautions, cautionsOf(texts, data.client, target), consent.onlyIfStarted)}
    ${decisionForm(texts.common, { ...form, before: choices(texts, data) })}`
  return pageAnswer({ language, title: consent.title({ client }), body, leadsElsewhere: true })
}

/** What is known about the client besides the name that it gave itself. */
function standing({ consent }: Texts, { kind, host }: ShownClient): Part {
  if (kind === 'built-in') return verified(consent.builtIn)
  if (kind === 'administered' || kind === 'service') return verified(consent.byAdministrators)
  return host !== undefined && verified(consent.verified({ host }), consent.verifiedHow)
}

const verified = (text: string, how?: string) =>
  html`<p class="row good">
    ${SHIELD}<span><strong>${text}</strong>${how !== undefined && html`<br /><small class="soft">${how}</small>`}</span>
  </p>`

function targetText({ consent }: Texts, { kind, shown }: RedirectTarget): string {
  if (kind === 'web') return shown
  return kind === 'app' ? consent.app({ scheme: shown }) : consent.thisComputer({ host: shown })
}

function cautionsOf({ consent }: Texts, client: ShownClient, { kind, shown }: RedirectTarget): string[] {
  const isUnverified = client.kind === 'registered' || (client.kind === 'document' && client.host === undefined)
  return [
    ...(isUnverified ? [consent.unverified({ client: nameOf(client.name) })] : []),
    ...(kind === 'this-computer' ? [consent.toThisComputer] : []),
    ...(kind === 'app' ? [consent.toApp({ scheme: shown })] : []),
  ]
}

function choices({ consent }: Texts, { asksStay }: ConsentData): Part {
  const box = (name: string, text: string) =>
    html`<label class="check"><input type="checkbox" name="${name}" value="on" /><span>${text}</span></label>`
  return html`${box('remember', consent.remember)}${asksStay && box('stay', consent.stay)}`
}

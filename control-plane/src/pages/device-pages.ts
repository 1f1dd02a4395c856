import type { Language } from '@bir/sdk/texts/language'
import { textsOf } from '@bir/sdk/texts'
import type { Answer } from '../base/http.ts'
import { html } from './kit/html.ts'
import { DONE_SIGN, ENDED_SIGN } from './kit/icons.ts'
import { pageAnswer } from './kit/page.ts'
import { address, cautions, decisionForm, describedByFault, fact, faultOf, pair, mayDo, who } from './kit/parts.ts'
import { nameOf } from './kit/shown.ts'
import type { ShownClient, ShownPerson } from './kit/shown.ts'

export interface DeviceCodeData {
  /** What was written, shown again after a fault. */
  code?: string | undefined
  fault?: { kind: 'unknown' } | { kind: 'too-many'; retryAfterS: number } | undefined
}

/** Where a person enters the code of their device (RFC 8628 §3.3). The form asks GET /oauth/device with `user_code`. */
export function deviceCodePage({ code, fault }: DeviceCodeData, language: Language): Answer {
  const { device, common } = textsOf(language)
  const said = fault && (fault.kind === 'unknown' ? device.unknownCode : device.tooMany({ minutes: Math.ceil(fault.retryAfterS / 60) }))
  const body = html`<h1>${device.title}</h1>
    <p class="lead">${device.enter}</p>
    <form method="get" action="/oauth/device">
      ${faultOf(said)}
      <label for="code">${device.code}</label>
      <input
        id="code"
        class="code"
        name="user_code"
        type="text"
        value="${code}"
        maxlength="20"
        placeholder="XXXX-XXXX"
        autocomplete="one-time-code"
        autocapitalize="characters"
        spellcheck="false"
        required
        autofocus
        ${describedByFault(said)}
      />
      <button class="main">${common.continue}</button>
    </form>`
  const status = fault ? { unknown: 422, 'too-many': 429 }[fault.kind] : 200
  const retryAfterS = fault?.kind === 'too-many' ? fault.retryAfterS : undefined
  return pageAnswer({ language, title: device.title, body, status, retryAfterS, leadsElsewhere: true })
}

export interface DeviceConfirmData {
  csrf: string
  /** As the device shows it: XXXX-XXXX. */
  userCode: string
  person: ShownPerson
  client: ShownClient
  /** Where the device asked from, and with which program. */
  address: string
  product?: string | undefined
  resource: string
}

/**
 * Asks a person whether a device may act for them. It posts `user_code`, `csrf` and `decision` (`allow`, `deny` or
 * `other-person`) to /oauth/device/confirm. It warns of the attack in which a stranger sends their own code
 * (RFC 8628 §5.4).
 */
export function deviceConfirmPage(data: DeviceConfirmData, language: Language): Answer {
  const texts = textsOf(language)
  const { device, consent } = texts
  const client = nameOf(data.client.name)
  const form = { action: '/oauth/device/confirm', fields: { user_code: data.userCode, csrf: data.csrf } }
  const warnings = [...(data.client.kind === 'registered' ? [consent.unverified({ client })] : []), device.sentByOthers]
  const body = html`${pair(client)}
    <h1>${device.confirmTitle({ client })}</h1>
    <p class="soft">${device.sameCode}</p>
    <output class="shown-code">${data.userCode}</output>
    ${who(texts, data.person, form)}
    <h2 id="may">${consent.may}</h2>
    <ul aria-labelledby="may">
      ${mayDo(texts, data.resource)}
    </ul>
    <dl>
      ${fact(consent.resource, address(data.resource))}${fact(device.address, data.address)}${data.product !== undefined && fact(device.product, nameOf(data.product))}
    </dl>
    ${cautions(texts.common.cautions, warnings, device.startedYourself)} ${decisionForm(texts.common, form)}`
  return pageAnswer({ language, title: device.confirmTitle({ client }), body, leadsElsewhere: true })
}

/** What the person decided has been done. */
export function deviceDonePage({ decision, clientName }: { decision: 'allow' | 'deny'; clientName: string }, language: Language): Answer {
  const { device, common } = textsOf(language)
  const client = nameOf(clientName)
  const [sign, title, text] =
    decision === 'allow'
      ? [DONE_SIGN, device.connected, device.connectedAs({ client })]
      : [ENDED_SIGN, device.denied, device.nothingConnected({ client })]
  const body = html`${sign}
    <h1>${title}</h1>
    <p class="lead">${text}</p>
    <p>${common.mayClose}</p>`
  return pageAnswer({ language, title, body, isLast: true })
}

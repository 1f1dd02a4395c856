import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { productOf } from '@bir/sdk/binding'
import type { Answer } from '../../base/http.ts'
import { deviceCodePage, deviceConfirmPage } from '../../pages/device-pages.ts'
import { finishedPage } from '../../pages/end-pages.ts'
import { holdSession, startSession } from '../../sessions/start-session.ts'
import type { BrowserSession } from '../../sessions/browser-session.ts'
import { optionalText } from '../base/form.ts'
import type { OAuthParts } from '../base/parts.ts'
import { refuseUnknownServer, targetOf } from '../base/resource.ts'
import type { Incoming } from '../base/stages.ts'
import type { OAuthClient } from '../clients/client.ts'
import { resultAfterForm } from '../flow/after-form.ts'
import { seeOther, withCookies } from '../flow/answers.ts'
import { checkForm, csrfOf } from '../flow/browser.ts'
import type { InBrowser } from '../flow/browser.ts'
import { PageFault } from '../flow/page-fault.ts'
import { SignInNeeded } from '../flow/sign-in-needed.ts'
import { beginSignIn, finishDevice, isDeviceFinished } from '../flow/sign-ins.ts'
import { decide, findPending } from './device-codes.ts'
import type { DeviceRow } from './device-codes.ts'
import { countLookUp } from './limits.ts'
import { readUserCode } from './user-code.ts'

const method = 'oauth/device'

/**
 * Asks for the code of a device, and then whether the device may act for the person. The person signs in before the
 * code is looked up: who guesses codes has a name.
 */
export const showDevice =
  (parts: OAuthParts) =>
  async (call: Incoming & InBrowser): Promise<Answer> => {
    const { exchange, session, language, cookies } = call
    const code = optionalText(exchange.url.searchParams, 'user_code')
    if (code === undefined) return withCookies(deviceCodePage({}, language), cookies)
    const userCode = readUserCode(code)
    if (userCode === undefined) return withCookies(deviceCodePage({ code, fault: { kind: 'unknown' } }, language), cookies)
    if (await isDeviceFinished(parts.db, userCode, call.browser.hash)) return withCookies(finishedPage(language), cookies)
    if (!session) return toSignIn(parts, call, userCode)

    const { address } = exchange
    const retryAfterS = await countLookUp(parts.db, { userId: session.user.id, browserHash: call.browser.hash, address })
    if (retryAfterS !== undefined) {
      await refused(parts, call, 'too-many-attempts')
      return withCookies(deviceCodePage({ code: userCode, fault: { kind: 'too-many', retryAfterS } }, language), cookies)
    }
    const device = await findPending(parts.db, userCode)
    if (!device) {
      await refused(parts, call, 'user-code-unknown')
      return withCookies(deviceCodePage({ code: userCode, fault: { kind: 'unknown' } }, language), cookies)
    }
    return confirmPage(parts, call, { device, userCode, session })
  }

async function confirmPage(
  parts: OAuthParts,
  call: Incoming & InBrowser,
  { device, userCode, session }: { device: DeviceRow; userCode: string; session: BrowserSession },
): Promise<Answer> {
  await refuseUnknownServer(parts.db, targetOf([device.audience], parts))
  const data = {
    csrf: csrfOf(call, csrfName(userCode)),
    userCode,
    person: session.user,
    client: await parts.findClient(device.client_id, call.exchange.address),
    address: device.ip ?? '–',
    product: productOf(device.user_agent ?? '') || undefined,
    resource: device.audience,
  }
  return withCookies(deviceConfirmPage(data, call.language), call.cookies)
}

/** A form is good for one code, besides one browser and one session. */
const csrfName = (userCode: string) => `device ${userCode}`

interface Decision {
  session: BrowserSession
  device: DeviceRow
  client: OAuthClient
  userCode: string
}

/** Whose form it is, and which device it is about. */
export const findDecision =
  (parts: OAuthParts) =>
  async (call: Incoming & InBrowser & { form: URLSearchParams }): Promise<Decision> => {
    const userCode = readUserCode(optionalText(call.form, 'user_code') ?? '')
    if (userCode === undefined) throw new PageFault({ situation: 'stale-form' })
    checkForm(call, csrfName(userCode), `/oauth/device?user_code=${userCode}`)
    if (!call.session) throw new PageFault({ situation: 'sign-in-expired' })
    const device = await findPending(parts.db, userCode)
    if (!device) throw new PageFault({ situation: 'code-used' })
    return { session: call.session, device, client: await parts.findClient(device.client_id, call.exchange.address), userCode }
  }

type Decided = Incoming & InBrowser & Decision & { form: URLSearchParams }

/** Does what the person decided. */
export const takeDeviceDecision =
  (parts: OAuthParts) =>
  async (call: Decided): Promise<Answer> => {
    const { client, userCode } = call
    const decision = call.form.get('decision')
    if (decision === 'other-person') return toSignIn(parts, call, userCode)
    if (decision !== 'allow' && decision !== 'deny') throw new PageFault({ situation: 'stale-form' })
    await (decision === 'allow' ? allow(parts, call) : deny(parts, call))
    return resultAfterForm(parts, call, { kind: 'device-done', decision, clientName: client.name })
  }

async function allow(parts: OAuthParts, { device, client, session, exchange, userCode, browser }: Decided): Promise<void> {
  const { client_id: clientId, audience, ip, user_agent } = device
  const { user, provider } = session
  await parts.db.transaction().execute(async (trx) => {
    const sid = await startSession(trx, {
      kind: 'client',
      userId: user.id,
      clientId,
      clientName: client.name,
      audience,
      // Of the device, not of the browser: it is the device that has the tokens.
      address: ip ?? undefined,
      userAgent: user_agent ?? undefined,
      provider: provider ?? undefined,
    })
    if (!(await holdSession(trx, session.sid))) throw new SignInNeeded(`/oauth/device?user_code=${userCode}`)
    if (!(await decide(trx, device, { state: 'approved', sid }))) throw new PageFault({ situation: 'code-used' })
    await finishDevice(trx, userCode, browser.hash)
  })
  const { address, request } = exchange
  const detail = `a device at ${ip ?? 'an unknown address'}, for ${audience}`
  await parts.record({
    method,
    outcome: 'answered',
    user,
    client: clientId,
    address,
    userAgent: request.headers['user-agent'],
    detail,
  })
}

async function deny(parts: OAuthParts, call: Decided): Promise<void> {
  const { device, userCode, browser } = call
  await parts.db.transaction().execute(async (trx) => {
    if (!(await decide(trx, device, { state: 'denied' }))) throw new PageFault({ situation: 'code-used' })
    await finishDevice(trx, userCode, browser.hash)
  })
  await refused(parts, call, 'device-denied', device)
}

const refused = (parts: OAuthParts, { id, exchange, session }: Incoming & InBrowser, reason: OAuthReason, device?: DeviceRow) =>
  parts.record({
    id,
    method,
    outcome: 'refused',
    reason,
    user: session?.user,
    client: device?.client_id,
    address: exchange.address,
    userAgent: exchange.request.headers['user-agent'],
  })

/** The person comes back to this code, as somebody who is signed in. Who is not the one that is, signs in anew. */
async function toSignIn(
  { db }: OAuthParts,
  { exchange, browser, session, cookies }: Incoming & InBrowser,
  userCode: string,
): Promise<Answer> {
  const returnTo = `/oauth/device?user_code=${userCode}`
  const flow = await beginSignIn(db, {
    from: { address: exchange.address, userId: session?.user.id },
    purpose: 'device',
    request: { returnTo, asksSignIn: session !== undefined },
    browserHash: browser.hash,
  })
  return seeOther(`/oauth/sign-in?flow=${flow}`, cookies)
}

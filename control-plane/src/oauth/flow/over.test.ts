import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { apiAudience } from '../base/resource.ts'
import { ISSUER } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'
import type { Stop } from '../testing.ts'

/* Forms that somebody has open when their session ends, or when their account is disabled. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
})
afterEach(() => gateway.control.client().users.setDisabled({ handle: 'alice', disabled: false }))
afterAll(() => gateway[Symbol.asyncDispose]())

const titleOf = ({ html }: Stop) => /<h1>([^<]*)/.exec(html)?.[1]

async function atDevice(browser: TestBrowser): Promise<Stop> {
  const body = new URLSearchParams({ client_id: 'bir', resource: apiAudience(ISSUER) })
  const asked = await gateway.control.get('/oauth/device', { method: 'POST', body })
  const { user_code: code } = (await asked.json()) as { user_code: string }
  return browser.go(`/oauth/device?user_code=${code}`)
}

async function atLogout(browser: TestBrowser): Promise<Stop> {
  await browser.go('/oauth/sign-in')
  return browser.go('/oauth/logout')
}

const atConsent = (browser: TestBrowser) => browser.go(anAuthorization(clientId).path)
const disable = () => gateway.control.client().users.setDisabled({ handle: 'alice', disabled: true })

async function endBrowserSessions(): Promise<string[]> {
  const client = gateway.control.client()
  const { items } = await client.sessions.list({ user: 'alice' })
  const sids = items.filter(({ kind }) => kind === 'browser').map(({ sid }) => sid)
  for (const sid of sids) await client.sessions.end({ sid })
  return sids
}

async function lastRefusal(method: string) {
  const { items } = await gateway.control.client().audit.search({ outcome: 'refused' })
  const { reason, user, sessionId } = items.find((item) => item.method === method) ?? {}
  return { reason, user, sessionId }
}

test.for([
  ['the question of a client', atConsent, 'oauth/authorize'],
  ['the question of a device', atDevice, 'oauth/device'],
  ['the question whether to sign out', atLogout, 'oauth/logout'],
] as const)('who is disabled in front of %s reads that on the click, and the audit names them', async ([, open, method]) => {
  const browser = new TestBrowser(gateway)
  const page = await open(browser)
  await disable()
  const refused = await browser.submit(page, { decision: 'allow' })
  expect([refused.status, titleOf(refused)]).toEqual([403, 'Your access has been taken away'])
  expect(await lastRefusal(method)).toMatchObject({ reason: 'person-disabled', user: 'alice' })
})

test.for([
  ['the question of a client', atConsent, 'oauth/authorize', '/oauth/consent'],
  ['the question of a device', atDevice, 'oauth/device', '/oauth/device'],
] as const)('whose session ends in front of %s signs in and is asked again, and the audit names both', async ([, open, method, path]) => {
  const browser = new TestBrowser(gateway)
  const page = await open(browser)
  const sids = await endBrowserSessions()
  browser.staysAtProvider = true
  expect((await browser.submit(page, { decision: 'allow' })).url.origin, 'nothing is decided').toBe(gateway.idp.issuer)
  const refusal = await lastRefusal(method)
  expect(refusal).toMatchObject({ reason: 'session-ended', user: 'alice' })
  expect(sids).toContain(refusal.sessionId)
  browser.staysAtProvider = false
  const again = await browser.submit(page, { decision: 'allow' })
  expect([again.status, again.url.pathname, titleOf(again)]).toEqual([200, path, titleOf(page)])
  const allowed = await browser.submit(again, { decision: 'allow' })
  expect(allowed.url.searchParams.has('code') || titleOf(allowed) === 'Connected').toBe(true)
})

test('whose session ends before they sign out are signed out, and the audit names both', async () => {
  const browser = new TestBrowser(gateway)
  const page = await atLogout(browser)
  const sids = await endBrowserSessions()
  expect(titleOf(await browser.submit(page, {}))).toBe('You are signed out')
  const refusal = await lastRefusal('oauth/logout')
  expect(refusal).toMatchObject({ reason: 'session-ended', user: 'alice' })
  expect(sids).toContain(refusal.sessionId)
})

test('a form that is none of the ended session asks nobody to sign in', async () => {
  const browser = new TestBrowser(gateway)
  const [page, other] = [await atConsent(browser), await atConsent(browser)]
  await endBrowserSessions()
  const flow = /name="flow" value="([^"]+)"/.exec(other.html)?.[1] ?? ''
  const wrong = await browser.submit(page, { flow, decision: 'allow' })
  expect([wrong.status, titleOf(wrong)]).toEqual([400, 'This page is out of date'])
  expect(await lastRefusal('oauth/authorize')).toMatchObject({ reason: 'csrf' })
})

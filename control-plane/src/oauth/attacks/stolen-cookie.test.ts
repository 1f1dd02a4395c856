import { expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'

const home = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' }
const away = { ...home, 'x-forwarded-for': '198.51.100.1' }

/** Alice is signed in in a browser at home, in front of the question of a client. */
async function atConsent(binding: 'off' | 'ip' | 'user-agent' | 'both') {
  const gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  const client = gateway.control.client()
  await client.settings.put({ binding })
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  browser.headers = home
  const consent = await browser.go(anAuthorization(clientId).path)
  const sids = async () => {
    const { items } = await client.sessions.list({ user: 'alice' })
    return items.filter(({ kind }) => kind === 'browser').map(({ sid }) => sid)
  }
  return { gateway, client, clientId, browser, consent, sids, [Symbol.asyncDispose]: gateway[Symbol.asyncDispose] }
}

test.for([
  ['ip', { 'x-forwarded-for': '198.51.100.1' }, 'binding-network'],
  ['user-agent', { 'user-agent': 'curl/8.7.1' }, 'binding-user-agent'],
] as const)(
  'with binding %s, whoever stole all cookies of a browser must sign in, and the audit has it',
  async ([binding, from, reason]) => {
    await using it = await atConsent(binding)
    const thief = new TestBrowser(it.gateway)
    thief.headers = { ...home, ...from }
    thief.staysAtProvider = true
    for (const [name, value] of it.browser.cookies) thief.cookies.set(name, value)
    for (const stop of [await thief.go(anAuthorization(it.clientId).path), await thief.go(it.consent.url.pathname + it.consent.url.search)])
      expect(stop.url.origin).toBe(it.gateway.idp.issuer)
    expect((await thief.go('/oauth/device?user_code=BCDF-GHJK')).url.origin).toBe(it.gateway.idp.issuer)
    expect((await thief.go('/oauth/logout')).url.origin).toBe(it.gateway.idp.issuer)
    expect((await thief.submit(it.consent, { decision: 'allow' })).url.origin).toBe(it.gateway.idp.issuer)

    const { items } = await it.client.audit.search({ reason })
    expect(items[0]).toMatchObject({ method: 'oauth/session', outcome: 'refused', user: 'alice', ip: thief.headers['x-forwarded-for'] })
    const [sid] = await it.sids()
    expect(items[0]?.detail).toContain(sid)
    expect((await it.browser.submit(it.consent, { decision: 'allow' })).url.searchParams.get('code'), 'alice goes on').not.toBeNull()
  },
)

test('nothing is compared while the policy asks for nothing', async () => {
  await using it = await atConsent('off')
  it.browser.headers = { ...away, 'user-agent': 'curl/8.7.1' }
  expect((await it.browser.submit(it.consent, { decision: 'allow' })).url.searchParams.get('code')).not.toBeNull()
})

test('a browser that moves while somebody decides shows the sign-in and the question again, and has one session then', async () => {
  await using it = await atConsent('both')
  const [before] = await it.sids()
  it.browser.headers = away
  const again = await it.browser.submit(it.consent, { decision: 'allow' })
  expect(again).toMatchObject({ status: 200, url: { pathname: '/oauth/consent' } })
  expect((await it.browser.submit(again, { decision: 'allow' })).url.searchParams.get('code')).not.toBeNull()
  expect(await it.sids()).toEqual([expect.not.stringContaining(before ?? '')])
})

test('a browser whose address changes at each request reads why it cannot sign in, and is not led around for ever', async () => {
  await using it = await atConsent('ip')
  const browser = new TestBrowser(it.gateway)
  let requests = 0
  const address = () => (requests++ % 2 === 0 ? home : away)['x-forwarded-for']
  browser.headers = Object.defineProperty({ ...home }, 'x-forwarded-for', { get: address, enumerable: true })
  const stop = await browser.go(anAuthorization(it.clientId).path)
  expect(stop).toMatchObject({ status: 403, url: { pathname: '/oauth/consent' } })
  expect(stop.html).toContain('settings.binding')
  const { items } = await it.client.audit.search({ reason: 'network-changes' })
  expect(items).toMatchObject([{ outcome: 'refused', method: 'oauth/authorize' }])
  browser.headers = home
  const consent = await browser.go(anAuthorization(it.clientId).path)
  expect((await browser.submit(consent, { decision: 'allow' })).url.searchParams.get('code'), 'on one network').not.toBeNull()
})

test('a browser that has moved signs in before it signs out, and then no session of it is left', async () => {
  await using it = await atConsent('ip')
  it.browser.headers = away
  const question = await it.browser.go('/oauth/logout')
  expect(question).toMatchObject({ status: 200, url: { origin: ISSUER, pathname: '/oauth/logout' } })
  await it.browser.submit(question, {})
  expect(await it.sids()).toEqual([])
})

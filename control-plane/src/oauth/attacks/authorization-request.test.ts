import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, TestBrowser } from '../testing.ts'

/* Attacks with what is sent to the authorization endpoint. Whoever sends it is a stranger with a link. */

const webUri = 'https://app.example/callback'

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
let webClient: string
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
  webClient = await registered(gateway, { redirect_uris: [webUri] })
})
beforeEach(async () => void (await gateway.control.db.deleteFrom('attempt_counts').execute()))
afterAll(() => gateway[Symbol.asyncDispose]())

/** What the endpoint answers to one request, without following it. */
const ask = (path: string, headers: Record<string, string> = {}) =>
  gateway.control.get(path, { redirect: 'manual', headers: { 'sec-fetch-site': 'none', ...headers } })

const idOn = (page: string) => /<code class="id">([^<]+)<\/code>/.exec(page)?.[1] ?? ''

// RFC 9700, section 4.1.3: exact comparison, and no redirect where it fails (RFC 6749, section 4.1.2.1).
test.for([
  'https://evil.example/callback',
  'https://app.example@evil.example/callback',
  'https://user@app.example/callback',
  'https://app.example.evil.example/callback',
  'https://evil.example/callback?https://app.example/callback',
  'https://app.example/callback/../evil',
  'https://app.example/./callback',
  'https://app.example/%2e%2e/callback',
  'https://app.example//callback',
  'https://app.example/callback/',
  'https://app.example/Callback',
  'https://APP.example/callback',
  'HTTPS://app.example/callback',
  'https://app.example:443/callback',
  'https://app.example:8443/callback',
  'http://app.example/callback',
  'https://app.example/callback#fragment',
  'https://app.example/callback?next=https://evil.example',
  'https://app.example/callback%2f..%2fevil',
  'https://app.example/callback%00',
  'https://app.example\\@evil.example/callback',
  '//app.example/callback',
  'javascript:alert(1)',
  'data:text/html,x',
  'http://127.0.0.1:1/callback',
])('nothing is sent to %s, which is not the redirect URI', async (redirect_uri) => {
  for (const more of [{}, { response_type: 'token' }, { prompt: 'none' }, { code_challenge: '' }]) {
    const response = await ask(anAuthorization(webClient, { redirect_uri, ...more }).path)
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    const page = await response.text()
    expect(page).toContain('This link cannot be trusted')
    expect(page).not.toContain('evil.example')
  }
})

test('a redirect URI that is named twice is none', async () => {
  const { path } = anAuthorization(webClient, { redirect_uri: webUri })
  const response = await ask(`${path}&redirect_uri=https%3A%2F%2Fevil.example%2F`)
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
})

test('on the loopback any port will do, and nothing else of it may differ', async () => {
  expect((await ask(anAuthorization(clientId, { redirect_uri: 'http://127.0.0.1:1234/callback' }).path)).status).toBe(303)
  for (const redirect_uri of ['http://localhost:9999/callback', 'http://127.0.0.1:9999/other', 'http://127.0.0.2:9999/callback'])
    expect((await ask(anAuthorization(clientId, { redirect_uri }).path)).status).toBe(400)
})

// RFC 7636, section 4.4.1; RFC 9700, section 2.1.1.
test.for([
  ['no challenge', { code_challenge: '' }, 'pkce-missing'],
  ['plain', { code_challenge_method: 'plain' }, 'pkce-downgrade'],
  ['no method, which means plain', { code_challenge_method: '' }, 'pkce-downgrade'],
  ['another spelling', { code_challenge_method: 's256' }, 'pkce-downgrade'],
  ['a short challenge', { code_challenge: 'short' }, 'invalid_request'],
  ['a long challenge', { code_challenge: 'x'.repeat(44) }, 'invalid_request'],
] as const)('PKCE cannot be weakened: %s', async ([, more, reason]) => {
  const { path } = anAuthorization(clientId, more)
  const response = await ask(path)
  const location = new URL(response.headers.get('location') ?? '')
  expect(location.href.startsWith(REDIRECT_URI)).toBe(true)
  expect(location.searchParams.get('error')).toBe('invalid_request')
  expect(location.searchParams.get('iss')).toBe('http://control.test')
  // Of many refusals within a second some are only counted.
  const recorded = async () => (await ask(path), (await gateway.control.client().audit.search({ reason })).items[0]?.method)
  await expect.poll(recorded).toBe('oauth/authorize')
})

// RFC 9700, section 4.11.2: anybody may register an address, so a link with a fault must not lead there.
test.for([
  { response_type: 'token' },
  { prompt: 'none' },
  { scope: 'all' },
  { resource: 'https://other.example/' },
  { code_challenge: '' },
])('a link with a fault (%j) does not make the gateway an open redirect to whatever somebody registered', async (more) => {
  const evil = await registered(gateway, { redirect_uris: ['https://evil.example/phish'] })
  const response = await ask(anAuthorization(evil, { redirect_uri: 'https://evil.example/phish', ...more }).path)
  expect([response.status, response.headers.get('location')]).toEqual([400, null])
})

// OpenID Connect Core, section 3.1.2.6, has two errors here. Which of them it is would tell who is signed in.
test('a client that nobody vouches for does not learn by prompt=none whether somebody is signed in', async () => {
  const appUri = 'evilapp://callback'
  const app = await registered(gateway, { redirect_uris: [appUri] })
  const made = await gateway.control.client().clients.create({ name: 'desk', redirectUris: [REDIRECT_URI] })
  const signedInBrowser = new TestBrowser(gateway)
  await signedInBrowser.go(anAuthorization(clientId).path)
  const errorFor = async (browser: TestBrowser, id: string, redirect_uri: string) => {
    const { url } = await browser.go(anAuthorization(id, { redirect_uri, prompt: 'none' }).path)
    return url.searchParams.get('error')
  }
  for (const browser of [signedInBrowser, new TestBrowser(gateway)]) {
    expect(await errorFor(browser, app, appUri)).toBe('interaction_required')
    expect(await errorFor(browser, clientId, REDIRECT_URI)).toBe('interaction_required')
    const page = await browser.go(anAuthorization(webClient, { redirect_uri: webUri, prompt: 'none' }).path)
    expect([page.status, page.url.hostname]).toEqual([400, new URL(ISSUER).hostname])
  }
  expect(await errorFor(signedInBrowser, made.clientId, REDIRECT_URI)).toBe('interaction_required')
  expect(await errorFor(new TestBrowser(gateway), made.clientId, REDIRECT_URI)).toBe('login_required')
})

test.for([
  'https://evil.example/',
  '//evil.example/',
  '/\\evil.example',
  '\\\\evil.example',
  '/%2F/evil.example',
  '/..//evil.example',
  'javascript:alert(1)',
  'graphql',
  '/@evil.example',
  '/graphql#@evil.example',
  '/ /evil.example',
  '/\t/evil.example',
  '/graphql?x=\r\nset-cookie: a=b',
])('the sign-in returns to no other site: %j', async (target) => {
  const response = await ask(`/oauth/sign-in?return=${encodeURIComponent(target)}`)
  expect([response.status, response.headers.get('location')]).toEqual([404, null])
})

test('hostile texts are neither shown nor run, wherever they are sent, and never make an error 500', async () => {
  const hostile = `"><script>alert(1)</script>\u0000\u001b[2J\r\nset-cookie: a=b\u202e%00${'x'.repeat(2000)}`
  const names = ['client_id', 'redirect_uri', 'response_type', 'state', 'scope', 'resource', 'code_challenge', 'code_challenge_method']
  const more = ['prompt', 'response_mode', 'login_hint', 'ui_locales', 'request', 'nonce']
  const paths = [...names, ...more].map((name) => anAuthorization(clientId, { [name]: hostile }).path)
  const other = ['sign-in?flow=', 'sign-in?return=', 'consent?flow=', 'callback/demo?code=x&state=', 'device?user_code=', 'callback/']
  for (const path of [...paths, ...other.map((start) => `/oauth/${start}${encodeURIComponent(hostile)}`)]) {
    const response = await ask(path, { cookie: `bir-browser=${'A'.repeat(43)}`, accept: 'text/html' })
    const text = await response.text()
    expect([path.slice(0, 60), response.status < 500]).toEqual([path.slice(0, 60), true])
    expect(text).not.toContain('<script>alert')
    expect(response.headers.get('set-cookie') ?? '').not.toContain('a=b')
  }
  const told = JSON.stringify(gateway.control.events)
  expect(told).not.toMatch(/\\u00|\\r|\\n|\u202e|<script>/)
  expect(gateway.control.events.filter(({ event }) => event === 'request-failed' || event === 'refusal-unrecorded')).toEqual([])
})

test('a user agent with control characters, or without end, is recorded and harms nobody', async () => {
  const userAgent = `evil\u009b2J\u00ff ${'x'.repeat(5000)}`
  const { path } = anAuthorization(clientId, { redirect_uri: 'https://evil.example/' })
  const recorded = async () => {
    const page = await (await ask(path, { 'user-agent': userAgent })).text()
    return (await gateway.control.client().audit.search({ id: idOn(page) })).items.length
  }
  await expect.poll(recorded).toBe(1)
})

// Clickjacking: RFC 9700, section 4.16. The rest keeps scripts out, and what a page holds to itself.
test('every page refuses to be framed, scripted or kept', async () => {
  const browser = new TestBrowser(gateway)
  const pages = [
    await browser.go(anAuthorization(clientId).path),
    await browser.go(anAuthorization(clientId, { redirect_uri: 'https://evil.example/' }).path),
    await browser.go('/oauth/device'),
    await browser.go('/oauth/signed-in'),
    await browser.go('/oauth/consent?flow=x'),
    await browser.go('/oauth/callback/other?state=x.y'),
    await browser.go('/oauth/nothing', { accept: 'text/html' }),
  ]
  for (const { html, headers } of pages) {
    expect(html).toContain('<!doctype html>')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('script-src')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  }
})

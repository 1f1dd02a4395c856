import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { aSignInGateway, registered, TestBrowser, tokens } from '../testing.ts'

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>
let gateway: Gateway
beforeAll(async () => void (gateway = await aSignInGateway()))
/** Each test has the limits to itself. */
beforeEach(async () => void (await gateway.control.db.deleteFrom('attempt_counts').execute()))
afterAll(() => gateway[Symbol.asyncDispose]())

const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const api = `${ISSUER}/api`

interface Codes {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
  error: string
}

async function asked(form: Record<string, string> = {}): Promise<{ status: number; body: Codes }> {
  const body = new URLSearchParams({ client_id: 'bir', resource: api, ...form })
  const response = await gateway.control.get('/oauth/device', { method: 'POST', body, headers: { 'user-agent': 'bir/1.0 (linux)' } })
  return { status: response.status, body: (await response.json()) as Codes }
}

const pageOf = (userCode: string) => `/oauth/device?user_code=${userCode}`
const poll = (device_code: string, client_id = 'bir') => tokens(gateway, { grant_type: deviceCodeGrant, device_code, client_id })
const refusalOf = async (device_code: string, client_id?: string) => (await poll(device_code, client_id)).body.error

test('a device gets two codes, its person signs in and approves, and it gets tokens once', async () => {
  const { status, body } = await asked()
  expect(status).toBe(200)
  expect(body).toMatchObject({ verification_uri: `${ISSUER}/oauth/device`, expires_in: 600, interval: 5 })
  expect(body.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  expect(await refusalOf(body.device_code)).toBe('authorization_pending')
  expect(await refusalOf(body.device_code)).toBe('slow_down')

  const browser = new TestBrowser(gateway)
  const { pathname, search } = new URL(body.verification_uri_complete)
  const question = await browser.go(pathname + search)
  for (const shown of [body.user_code, 'bir', 'Alice', '127.0.0.1', 'somebody sent you this code', 'See and change'])
    expect(question.html).toContain(shown)
  expect((await browser.submit(question, { decision: 'allow' })).html).toContain('Connected')

  const given = await poll(body.device_code)
  expect(given.status).toBe(200)
  const { id } = await gateway.control.client().users.get({ handle: 'alice' })
  expect(decodeJwt(given.body.access_token)).toMatchObject({ sub: id, aud: api, client_id: 'bir' })
  const me = await gateway.control.client(given.body.access_token).users.me()
  expect(me.handle).toBe('alice')
  const renewed = await tokens(gateway, { grant_type: 'refresh_token', refresh_token: given.body.refresh_token, client_id: 'bir' })
  expect(renewed.status).toBe(200)

  // Somebody else has the code: what it gave ends.
  expect(await refusalOf(body.device_code)).toBe('invalid_grant')
  await expect(gateway.control.client(renewed.body.access_token).users.me()).rejects.toThrow(/Sign in again/)
})

test('a code may be typed, in any case and without its dash; a wrong one is said to be wrong', async () => {
  const { body } = await asked()
  const browser = new TestBrowser(gateway)
  expect((await browser.go('/oauth/device')).html).toContain('name="user_code"')
  const wrong = await browser.go(pageOf('nonsense'))
  expect([wrong.status, wrong.html.includes('unknown or has expired')]).toEqual([422, true])
  const question = await browser.go(pageOf(body.user_code.toLowerCase().replace('-', '+')))
  expect(question.html).toContain(body.user_code)
})

test('a person who denies gives nothing, and the code is spent', async () => {
  const { body } = await asked()
  const browser = new TestBrowser(gateway)
  const question = await browser.go(pageOf(body.user_code))
  expect((await browser.submit(question, { decision: 'deny' })).html).toContain('was not connected')
  expect(await refusalOf(body.device_code)).toBe('access_denied')
  expect((await browser.submit(question, { decision: 'allow' })).status).toBe(400)
  expect(await refusalOf(body.device_code)).toBe('access_denied')
})

test('phishing: whoever opens a link is asked each time, whatever they allowed before, and the page says what it is', async () => {
  const browser = new TestBrowser(gateway)
  for (const _ of [1, 2]) {
    const { body } = await asked()
    const question = await browser.go(pageOf(body.user_code))
    expect(question.html).toContain('deny it: they would act under your name')
    expect(question.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(await refusalOf(body.device_code)).toBe('authorization_pending')
    await browser.submit(question, { decision: 'allow' })
    expect((await poll(body.device_code)).status).toBe(200)
  }
})

test('a form counts in the browser, for the person and for the code that it was made for', async () => {
  const [{ body }, other] = [await asked(), await asked()]
  const browser = new TestBrowser(gateway)
  const question = await browser.go(pageOf(body.user_code))
  const stranger = new TestBrowser(gateway, 'bob')
  await stranger.go(pageOf(other.body.user_code))
  expect((await stranger.submit(question, { decision: 'allow' })).status).toBe(400)
  expect((await browser.submit(question, { decision: 'allow', user_code: other.body.user_code })).status).toBe(400)
  expect((await browser.submit(question, { decision: 'allow', csrf: '' })).status).toBe(400)
  expect((await browser.submit(question, { decision: 'allow' }, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await browser.submit(question, { decision: 'maybe' })).status).toBe(400)
  for (const { device_code } of [body, other.body]) expect(await refusalOf(device_code)).toBe('authorization_pending')
  expect((await browser.submit(question, { decision: 'allow' })).html).toContain('Connected')
})

test('a code is good for the client alone that asked for it', async () => {
  const clientId = await registered(gateway, { grant_types: [deviceCodeGrant, 'authorization_code', 'refresh_token'] })
  const { body } = await asked({ client_id: clientId })
  const browser = new TestBrowser(gateway)
  const question = await browser.go(pageOf(body.user_code))
  expect(question.html).toContain('Nobody has checked this program')
  await browser.submit(question, { decision: 'allow' })
  expect(await refusalOf(body.device_code, 'bir')).toBe('invalid_grant')
  expect((await poll(body.device_code, clientId)).status).toBe(200)

  const plain = await registered(gateway, { grant_types: ['authorization_code'] })
  expect((await asked({ client_id: plain })).body.error).toBe('unauthorized_client')
  expect((await asked({ client_id: 'nobody' })).body.error).toBe('invalid_client')
  expect((await asked({ resource: 'https://elsewhere.example/mcp' })).body.error).toBe('invalid_target')
})

test('a person who is disabled before the device asks gets nothing', async () => {
  const { body } = await asked()
  const browser = new TestBrowser(gateway, 'bob')
  await browser.submit(await browser.go(pageOf(body.user_code)), { decision: 'allow' })
  const client = gateway.control.client()
  await client.users.setDisabled({ handle: 'bob', disabled: true })
  expect(await refusalOf(body.device_code)).toBe('invalid_grant')
  await client.users.setDisabled({ handle: 'bob', disabled: false })
})

test('guessing: a person looks up five codes a minute, a right one no more than wrong ones, and the audit has it', async () => {
  const browser = new TestBrowser(gateway, 'bob')
  await browser.go('/oauth/sign-in')
  const { body } = await asked()
  // Eleven are too many even if a minute ends in between.
  const guesses = await Promise.all(Array.from({ length: 11 }, (_, at) => browser.go(pageOf(`BBBB-BBB${'BCDFGHJKLMN'[at]}`))))
  const refused = guesses.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.html).toContain('Too many wrong codes')
  const right = await browser.go(pageOf(body.user_code))
  if (right.status === 429) expect(right.html).not.toContain('value="allow"')
  const { items } = await gateway.control.client().audit.search({ reason: 'too-many-attempts' })
  expect(items.length).toBeGreaterThan(0)
  expect((await gateway.control.client().audit.search({ reason: 'user-code-unknown' })).items.length).toBeGreaterThan(0)
})

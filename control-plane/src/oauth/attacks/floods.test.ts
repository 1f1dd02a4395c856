import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'

/* Attacks by what anybody may have stored here: sign-ins that begin, and never end. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
beforeAll(async () => {
  gateway = await aSignInGateway({ TRUSTED_PROXIES: 'loopback' })
  clientId = await registered(gateway)
})
beforeEach(async () => {
  await gateway.control.db.deleteFrom('attempt_counts').execute()
  await gateway.control.db.deleteFrom('sign_ins').execute()
})
afterAll(() => gateway[Symbol.asyncDispose]())

const from = (address: string) => ({ 'x-forwarded-for': address, 'sec-fetch-site': 'none', accept: 'text/html' })
const ask = (path: string, address: string) => gateway.control.get(path, { redirect: 'manual', headers: from(address) })
const send = (form: URLSearchParams, address: string) =>
  gateway.control.get('/oauth/authorize', { method: 'POST', redirect: 'manual', headers: from(address), body: form })

async function stored(): Promise<number> {
  const { count } = await gateway.control.db
    .selectFrom('sign_ins')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}

const formOf = (path: string) => new URL(path, 'http://x').searchParams
const ways: [string, (address: string) => Promise<Response>][] = [
  ['GET /oauth/authorize', (address) => ask(anAuthorization(clientId).path, address)],
  ['POST /oauth/authorize', (address) => send(formOf(anAuthorization(clientId).path), address)],
  ['GET /oauth/sign-in', (address) => ask('/oauth/sign-in?return=/graphql', address)],
  ['GET /oauth/device', (address) => ask('/oauth/device?user_code=WDJB-MJHT', address)],
]

test.for(ways)('%s stores no more than 60 sign-ins a minute of one network, and holds up no other', async ([, begin]) => {
  const flood = await Promise.all(Array.from({ length: 130 }, (_, n) => begin(`2001:db8:1:2::${(n + 1).toString(16)}`)))
  const begun = flood.filter(({ status }) => status === 303).length
  // A minute may end meanwhile, and the next one begins to count anew.
  expect(begun).toBeGreaterThanOrEqual(60)
  expect(begun).toBeLessThanOrEqual(120)
  expect(await stored()).toBe(begun)
  const refused = flood.find(({ status }) => status === 429)
  expect(refused?.headers.get('location')).toBeNull()
  expect(await refused?.text()).toContain('Wait 1 min')
  expect((await begin('2001:db8:1:3::1')).status).toBe(303)
  expect((await begin('198.51.100.7')).status).toBe(303)
})

test('whoever is signed in is not held up by strangers at the same address', async () => {
  const browser = new TestBrowser(gateway)
  await browser.go(anAuthorization(clientId).path, from('203.0.113.9'))
  await Promise.all(Array.from({ length: 130 }, () => ask(anAuthorization(clientId).path, '203.0.113.9')))
  expect((await browser.go(anAuthorization(clientId).path, from('203.0.113.9'))).html).toContain('name="decision"')
})

test('a request with more than 8 KiB of parameters is refused before anything of it is kept', async () => {
  const { path } = anAuthorization(clientId, { state: 's'.repeat(4096) })
  expect((await ask(path, '192.0.2.1')).status).toBe(303)
  const form = formOf(path)
  form.set('login_hint', '\u00e9'.repeat(2048))
  const answer = await send(form, '192.0.2.1')
  expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
  expect(await stored()).toBe(1)
})

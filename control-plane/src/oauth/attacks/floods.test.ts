import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { MAX_BEGUN_A_DAY } from '../../sessions/start-session.ts'
import { aSite, sendJson } from '../clients/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, TestBrowser } from '../testing.ts'

/* Attacks by what anybody may have stored or fetched here: sign-ins that never end, documents of clients unknown. */

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

/** A site that has the document of whatever client is asked for. */
const documentSite = () =>
  aSite((request, response) => {
    const client_id = `http://${request.headers.host}${request.url}`
    sendJson(response, { client_id, client_name: 'Any', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'none' })
  })

async function excepting(...metadataHosts: string[]): Promise<void> {
  const value = JSON.stringify({ metadataHosts })
  await gateway.control.db
    .insertInto('policy_sections')
    .values({ name: 'clients', value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}

test('an address makes 20 documents be fetched in a minute; what is known counts never, and nobody else is held up', async () => {
  await using site = await documentSite()
  await excepting(site.host)
  const named = (n: number, address: string) => ask(anAuthorization(`${site.url}/${n}`).path, address)
  expect((await named(0, '2001:db8:7::1')).status).toBe(303)

  const flood = await Promise.all(Array.from({ length: 50 }, (_, n) => named(n + 1, `2001:db8:7::${(n + 1).toString(16)}`)))
  // A minute may end meanwhile.
  expect(site.requests.length).toBeLessThanOrEqual(40)
  const refused = flood.findIndex(({ status }) => status === 429)
  expect(await flood[refused]?.text()).toContain('Too many attempts')
  expect((await named(0, '2001:db8:7::2')).status).toBe(303)
  const again = await Promise.all(Array.from({ length: 30 }, () => named(0, '2001:db8:7::3')))
  expect(again.filter(({ status }) => status !== 303)).toEqual([])
  expect((await named(refused + 1, '2001:db8:8::1')).status).toBe(303)
})

test('who asks for a document that a flooded address asks for too, gets it', async () => {
  await using site = await documentSite()
  await excepting(site.host)
  const minute = sql<Date>`date_trunc('minute', now())`
  await gateway.control.db
    .insertInto('attempt_counts')
    .values({ key: 'client document: from 192.0.2.0/32', window_start: minute, count: 1000 })
    .execute()
  const { path } = anAuthorization(`${site.url}/wanted`)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(path, n % 2 === 0 ? '192.0.2.0' : `198.51.100.${n}`)))
  expect(answers.filter(({ status }) => status === 303).length).toBeGreaterThanOrEqual(10)
  expect(site.requests).toHaveLength(1)
})

test('32 documents are fetched at once in a process, however many ask from wherever; who is refused may ask again', async () => {
  const held: ServerResponse[] = []
  const hold = () => aSite((_, response) => void held.push(response))
  await using one = await hold()
  await using two = await hold()
  await excepting(one.host, two.host)
  const named = (url: string, address: string) => ask(anAuthorization(url).path, address)
  const flood = Array.from({ length: 40 }, (_, n) => named(`${n % 2 === 0 ? one.url : two.url}/${n}`, `198.51.100.${n}`))
  await expect.poll(() => held.length).toBe(32)
  const late = await named(`${one.url}/late`, '198.51.100.99')
  expect([late.status, late.headers.get('retry-after')]).toEqual([429, '5'])
  for (const response of held) response.writeHead(404).end()
  const statuses = (await Promise.all(flood)).map(({ status }) => status)
  expect([statuses.filter((status) => status === 429).length, statuses.filter((status) => status === 400).length]).toEqual([8, 32])
  const again = named(`${one.url}/late`, '198.51.100.99')
  await expect.poll(() => held.length).toBe(33)
  held[32]?.writeHead(404).end()
  expect((await again).status).toBe(400)
})

test('every answer 429 says within which minute to ask again', async () => {
  const address = '203.0.113.77'
  const post = (path: string, body: URLSearchParams | string, more: Record<string, string> = {}) =>
    gateway.control.get(path, { method: 'POST', body, headers: { 'x-forwarded-for': address, ...more } })
  const unknown = JSON.stringify({ redirect_uris: ['https://app.example/'], token_endpoint_auth_method: 'none' })
  const browser = new TestBrowser(gateway)
  await browser.go('/oauth/sign-in', from('203.0.113.78'))
  const ways: Record<string, () => Promise<{ status: number; headers: Headers }>> = {
    'a sign-in': () => ask(anAuthorization(clientId).path, address),
    'a document': () => ask(anAuthorization(`https://127.0.0.1/${randomUUID()}`).path, address),
    'a document of the token endpoint': () =>
      post(
        '/oauth/token',
        new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: `https://127.0.0.1/${randomUUID()}` }),
      ),
    'a registration': () => post('/oauth/register', unknown, { 'content-type': 'application/json' }),
    'a code of a device': () => post('/oauth/device', new URLSearchParams({ client_id: 'bir' })),
    'a code of a person': () => browser.go('/oauth/device?user_code=WDJB-MJHT', from('203.0.113.78')),
  }
  for (const [name, ask] of Object.entries(ways)) {
    let answer = await ask()
    for (let asked = 1; asked < 130 && answer.status !== 429; asked += 1) answer = await ask()
    const seconds = Number(answer.headers.get('retry-after'))
    expect([name, answer.status, seconds >= 1 && seconds <= 60]).toEqual([name, 429, true])
  }
})

test('a person who began too many sessions sees a page that says how long to wait, and their client gets no code', async () => {
  const browser = new TestBrowser(gateway)
  const page = await browser.go(anAuthorization(clientId).path)
  await sql`
    insert into sessions (sid, user_id, kind, client_id, made_at, idle_until, until)
    select gen_random_uuid(), users.id, 'client', 'c', now() - interval '23 hours', now(), now()
    from users, generate_series(1, ${MAX_BEGUN_A_DAY}::int) where handle = 'alice'`.execute(gateway.control.db)
  const { status, html, headers } = await browser.submit(page, { decision: 'allow' })
  await sql`delete from sessions where client_id = 'c'`.execute(gateway.control.db)
  expect(status).toBe(429)
  expect(html).toMatch(/Wait (59|60) min/)
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_000)
})

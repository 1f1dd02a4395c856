import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, signedIn, TestBrowser, tokens } from '../testing.ts'

/* Whoever is refused very often fills no disk, and hides nobody: least of all a thief. */

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>

const stranger = { grant_type: 'refresh_token', client_id: 'nobody', refresh_token: 'x' }
const flood = (gateway: Gateway, count: number) => Array.from({ length: count }, () => tokens(gateway, stranger))
const found = async ({ control }: Gateway, filters: object) => (await control.client().audit.search({ first: 1000, ...filters })).items
const sums = (gateway: Gateway) => found(gateway, { kind: 'refusals' })
const total = (items: { count?: number | null | undefined }[]) => items.reduce((sum, { count }) => sum + (count ?? 1), 0)

/** How many refusals of the flood the audit knows, with records of their own or in a sum. */
const known = async (gateway: Gateway) =>
  total([...(await found(gateway, { reason: 'unknown-client', kind: 'call' })), ...(await sums(gateway))])

const sidOf = ({ access_token }: { access_token: string }) => String(decodeJwt(access_token)['sid'])

/** Tokens of alice for the API. */
async function forApi(gateway: Gateway, clientId: string) {
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId, { resource: `${ISSUER}/api` })
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT_URI, code, code_verifier: verifier }
  return { form, body: (await tokens(gateway, form)).body }
}

test('a flood of strangers hides neither a replayed refresh token, nor a replayed code, nor tokens that came from elsewhere', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: 'loopback' })
  const clientId = await registered(gateway)
  const away = { 'x-forwarded-for': '198.51.100.1' }
  const refresh = (refresh_token: string, headers = {}) =>
    gateway.control.token({ grant_type: 'refresh_token', client_id: clientId, refresh_token }, { headers })
  const { body: replayed } = await signedIn(gateway, { clientId })
  const second = (await (await refresh(replayed.refresh_token)).json()) as typeof replayed
  expect((await refresh(second.refresh_token)).status).toBe(200)
  const { form, body: spent } = await signedIn(gateway, { clientId })
  const [atApi, bound, exchanged] = [
    await forApi(gateway, clientId),
    await signedIn(gateway, { clientId }),
    await signedIn(gateway, { clientId }),
  ]
  await gateway.control.client().settings.put({ binding: 'ip' })

  const noise = flood(gateway, 200)
  const thefts = await Promise.all([
    refresh(replayed.refresh_token),
    gateway.control.token(form),
    gateway.control.get('/trpc/users.me', { headers: { authorization: `Bearer ${atApi.body.access_token}`, ...away } }),
    refresh(bound.body.refresh_token, away),
    gateway.control.token(
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        client_id: clientId,
        subject_token: exchanged.body.access_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      { headers: away },
    ),
  ])
  await Promise.all(noise)
  expect(thefts.map(({ status }) => status)).toEqual([400, 400, 401, 400, 400])
  const holder = { user: 'alice', client: clientId, kind: 'call' }
  const of = async (body: typeof spent, reason: string) => found(gateway, { session: sidOf(body), reason })
  expect(await of(replayed, 'refresh-replayed')).toMatchObject([holder])
  expect(await of(spent, 'code-replayed')).toMatchObject([holder])
  expect(await of(atApi.body, 'binding-network')).toMatchObject([{ ...holder, tokenId: decodeJwt(atApi.body.access_token).jti }])
  expect(await of(bound.body, 'binding-network')).toMatchObject([holder])
  expect(await of(exchanged.body, 'binding-network')).toMatchObject([{ ...holder, tokenId: decodeJwt(exchanged.body.access_token).jti }])
})

test('a clean stop writes what was only counted', async () => {
  await using gateway = await aSignInGateway()
  // At the beginning of a second, so that the stop comes before its end.
  await expect.poll(() => Date.now() % 1000, { interval: 20 }).toBeLessThan(100)
  await Promise.all(flood(gateway, 200))
  await gateway.control.restart()
  expect(await known(gateway)).toBe(200)
  for (const sum of await sums(gateway))
    expect(sum).toMatchObject({ user: null, reason: 'unknown-client', detail: expect.stringContaining('before authentication') })
})

test('a sum says whose refusals it counts', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: 'loopback' })
  const clientId = await registered(gateway)
  const { body } = await forApi(gateway, clientId)
  await gateway.control.client().settings.put({ binding: 'ip' })
  const headers = { authorization: `Bearer ${body.access_token}`, 'x-forwarded-for': '198.51.100.1' }
  await Promise.all(Array.from({ length: 60 }, () => gateway.control.get('/trpc/users.me', { headers })))
  const ofToken = () => found(gateway, { token: decodeJwt(body.access_token).jti, reason: 'binding-network' })
  await expect.poll(async () => total(await ofToken())).toBe(60)
  const [sum] = (await ofToken()).filter(({ kind }) => kind === 'refusals')
  expect(sum).toMatchObject({ user: 'alice', client: clientId, sessionId: sidOf(body), method: 'users.me' })
  expect(sum?.detail).toMatch(/^\d+ more within a second/)
})

test('a sum that cannot be written is kept, and no request fails for it', async () => {
  await using gateway = await aSignInGateway()
  const { db, events } = gateway.control
  const clientId = await registered(gateway)
  await sql`create function fail() returns trigger language plpgsql as $$ begin raise exception 'the disk is full'; end $$`.execute(db)
  await sql`create trigger full_disk before insert on audit_headers for each row when (new.kind = 'refusals') execute function fail()`.execute(
    db,
  )
  await Promise.all(flood(gateway, 200))
  const failed = () => events.filter(({ event }) => event === 'refusals-unrecorded').length
  await expect.poll(failed).toBeGreaterThan(0)
  expect((await tokens(gateway, stranger)).status).toBe(401)
  expect((await signedIn(gateway, { clientId })).status).toBe(200)
  await sql`drop trigger full_disk on audit_headers`.execute(db)
  await expect.poll(() => known(gateway), { timeout: 5_000 }).toBe(201)
})

test('a page names an id only where the audit finds it', async () => {
  await using gateway = await aSignInGateway()
  const { path } = anAuthorization('nobody')
  const pages = await Promise.all(Array.from({ length: 400 }, async () => (await gateway.control.get(path)).text()))
  const ids = pages.flatMap((page) => /<code class="id">([^<]+)<\/code>/.exec(page)?.[1] ?? [])
  expect(pages.every((page) => page.includes('<dl'))).toBe(true)
  expect(ids.length).toBeLessThan(400)
  const records = await found(gateway, { reason: 'unknown-client', kind: 'call' })
  expect(records.map(({ call }) => call).toSorted()).toEqual(ids.toSorted())
})

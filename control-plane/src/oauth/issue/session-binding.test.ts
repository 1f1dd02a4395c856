import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { exchange as exchangeOf } from '../../tokens/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, TestBrowser } from '../testing.ts'

interface Body {
  access_token: string
  refresh_token: string
  error: string
  error_description: string
}

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>

const home = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'agent/1.0' }

/** Signs alice in with a client that sends these headers. Resolves with what refreshes its tokens from elsewhere. */
async function aClientAt(gateway: Gateway, headers: Record<string, string>, known?: string) {
  const clientId = known ?? (await registered(gateway))
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const asked = async (form: Record<string, string>, from: Record<string, string>) => {
    const response = await gateway.control.token({ client_id: clientId, ...form }, { headers: from })
    return { status: response.status, body: (await response.json()) as Body }
  }
  const { body } = await asked(
    { grant_type: 'authorization_code', code: url.searchParams.get('code') ?? '', code_verifier: verifier },
    headers,
  )
  let token = body.refresh_token
  const refresh = async (from: Record<string, string>) => {
    const answer = await asked({ grant_type: 'refresh_token', refresh_token: token }, from)
    if (answer.status === 200) token = answer.body.refresh_token
    return answer
  }
  const exchange = async (form: Record<string, string>, from: Record<string, string>) =>
    asked({ ...exchangeOf(body.access_token), ...form }, from)
  return { clientId, body, refresh, exchange }
}

test('a token names, as hashes, the network and the program that it was issued to', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  const { body } = await aClientAt(gateway, home)
  const { bnd } = decodeJwt(body.access_token)
  expect(bnd).toEqual({ ip: expect.stringMatching(/^[\w-]{22}$/), ua: expect.stringMatching(/^[\w-]{22}$/) })
  const { body: other } = await aClientAt(gateway, { ...home, 'user-agent': 'node' })
  expect(decodeJwt(other.access_token)['bnd']).toMatchObject({ ua: null })
})

test('what the operator takes for somebody is bound to nothing', async () => {
  await using gateway = await aSignInGateway()
  await gateway.control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'subject-alice' })
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await gateway.control.assertion({ person: 'alice' }),
  }
  const { access_token } = (await (await gateway.control.token(form)).json()) as { access_token: string }
  expect(decodeJwt(access_token)['bnd']).toBeUndefined()
})

const boundElsewhere = 'The refresh token was issued to another client, or to one in another network. Sign in again.'

test.for([
  ['off', { ...home, 'x-forwarded-for': '198.51.100.1' }, undefined],
  ['ip', { ...home, 'x-forwarded-for': '203.0.113.99' }, undefined],
  ['ip', { ...home, 'x-forwarded-for': '198.51.100.1' }, 'binding-network'],
  ['ip', { ...home, 'user-agent': 'other/1' }, undefined],
  ['user-agent', { ...home, 'user-agent': 'agent/2.1' }, undefined],
  ['user-agent', { ...home, 'user-agent': 'other/1' }, 'binding-user-agent'],
  ['both', { ...home, 'user-agent': 'other/1' }, 'binding-user-agent'],
  ['both', home, undefined],
  ['ip', { ...home, forwarded: 'for=198.51.100.1' }, undefined],
  ['ip', { ...home, 'x-forwarded-for': 'unknown' }, 'binding-network'],
] as const)('with binding %s, a refresh token from %o is refused for %s', async ([binding, from, reason]) => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  await gateway.control.client().settings.put({ binding })
  const { refresh } = await aClientAt(gateway, home)
  const { status, body } = await refresh(from)
  expect([status, body.error_description]).toEqual(reason ? [400, boundElsewhere] : [200, undefined])
  const { items } = reason ? await gateway.control.client().audit.search({ reason }) : { items: [] }
  expect(items.map(({ method, user }) => [method, user])).toEqual(reason ? [['oauth/token', 'alice']] : [])
  // A stranger who tries does not end the session of its holder.
  expect((await refresh(home)).status).toBe(200)
})

test('where the policy wants it, a stranger who tries ends the session for both', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  await gateway.control.client().settings.put({ binding: 'ip', bindingRevokes: 'on' })
  const { refresh } = await aClientAt(gateway, home)
  expect((await refresh({ ...home, 'x-forwarded-for': '198.51.100.1' })).status).toBe(400)
  expect((await refresh(home)).status).toBe(400)
  const { items } = await gateway.control.client().audit.search({ reason: 'binding-network' })
  expect(items[0]).toMatchObject({ method: 'oauth/token', outcome: 'refused', ip: '198.51.100.1', user: 'alice' })
  expect(items[0]?.detail).toMatch(/^a refresh token of session [\da-f-]{36}, sent by agent/)
})

test('two addresses that nobody can tell are not one network', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  const hidden = { ...home, 'x-forwarded-for': 'unknown' }
  const { body, refresh } = await aClientAt(gateway, hidden)
  expect(decodeJwt(body.access_token)['bnd']).toBeDefined()
  await gateway.control.client().settings.put({ binding: 'ip' })
  expect((await refresh(hidden)).status).toBe(400)
})

test('the control plane reads the header that FORWARDED_HEADER names, and no other', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32', FORWARDED_HEADER: 'forwarded' })
  await gateway.control.client().settings.put({ binding: 'ip' })
  const { refresh } = await aClientAt(gateway, { ...home, forwarded: 'for=192.0.2.1' })
  expect((await refresh({ ...home, forwarded: 'for=198.51.100.1' })).status).toBe(400)
  expect((await refresh({ 'x-forwarded-for': '198.51.100.1', forwarded: 'for=192.0.2.99', 'user-agent': 'agent/1.0' })).status).toBe(200)
})

const away = { 'x-forwarded-for': '198.51.100.1', 'user-agent': 'thief/1' }

test.for([
  ['ip', { ...home, 'x-forwarded-for': '198.51.100.1' }, 'binding-network'],
  ['user-agent', { ...home, 'user-agent': 'thief/1' }, 'binding-user-agent'],
  ['both', away, 'binding-network'],
] as const)('with binding %s, a stolen access token is exchanged for none from %o', async ([binding, from, reason]) => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  await gateway.control.client().settings.put({ binding })
  const alice = await aClientAt(gateway, home)
  expect(await alice.exchange({}, from)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  // Nor does it act, for whom it was not issued to.
  const thief = await aClientAt(gateway, from, alice.clientId)
  const acting = { actor_token: alice.body.access_token, actor_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
  expect(await thief.exchange(acting, from)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  // The second refusal of the token may come in the same second: then it is counted.
  const recorded = async () => (await gateway.control.client().audit.search({ reason })).items
  await expect.poll(async () => (await recorded()).reduce((sum, { count }) => sum + (count ?? 1), 0)).toBe(2)
  const refusal = { kind: 'call', method: 'oauth/token', outcome: 'refused', user: 'alice', ip: from['x-forwarded-for'] }
  expect((await recorded()).at(-1)).toMatchObject(refusal)
  expect((await alice.exchange({}, home)).status).toBe(200)
})

test('what an access token is exchanged for is bound to whom that one was issued to, also while nothing is compared', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  const { body, exchange } = await aClientAt(gateway, home)
  const { status, body: made } = await exchange({}, away)
  expect(status).toBe(200)
  expect(decodeJwt(made.access_token)['bnd']).toEqual(decodeJwt(body.access_token)['bnd'])
  // One of a program without a name of its own is bound to the first that has one.
  const other = await aClientAt(gateway, { ...home, 'user-agent': 'node' })
  const named = decodeJwt((await other.exchange({}, home)).body.access_token)['bnd']
  expect(named).toEqual({ ...(decodeJwt(other.body.access_token)['bnd'] as object), ua: expect.stringMatching(/^[\w-]{22}$/) })
})

test('where the policy wants it, a stranger who exchanges a token ends its session', async () => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  await gateway.control.client().settings.put({ binding: 'ip', bindingRevokes: 'on' })
  const { exchange, refresh } = await aClientAt(gateway, home)
  expect((await exchange({}, away)).status).toBe(400)
  expect((await exchange({}, home)).status).toBe(400)
  expect((await refresh(home)).status).toBe(400)
})

test.for([
  ['fewer bits', 16],
  ['more bits', 32],
] as const)(
  'with %s in bindingNetwork a client that stays where it is keeps its session: it refreshes, also after an exchange is refused',
  async ([, ipv4]) => {
    await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
    const put = (bits: number) =>
      gateway.control.client().settings.put({ binding: 'ip', bindingRevokes: 'on', bindingNetwork: { ipv4: bits, ipv6: 56 } })
    await put(24)
    const { exchange, refresh, body } = await aClientAt(gateway, home)
    await put(ipv4)
    const said = { error: 'invalid_grant', error_description: expect.stringMatching(/^The setting bindingNetwork has changed/) as string }
    expect(await exchange({}, home)).toMatchObject({ status: 400, body: said })
    const renewed = await refresh(home)
    expect(renewed.status).toBe(200)
    // The new token fits the new setting.
    expect((await exchange({ subject_token: renewed.body.access_token }, home)).status).toBe(200)
    // A stranger is a stranger all the same.
    expect((await exchange({ subject_token: body.access_token }, away)).status).toBe(400)
    expect((await refresh(home)).status).toBe(400)
  },
)

test('an access token is exchanged by its own client alone, or by one that an administrator trusts', async () => {
  await using gateway = await aSignInGateway()
  const { exchange, body } = await aClientAt(gateway, home)
  const stranger = await registered(gateway)
  expect(await exchange({ client_id: stranger }, home)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  const anonymous = await gateway.control.token(exchangeOf(body.access_token), { headers: home })
  expect(anonymous.status).toBe(401)
  expect(await anonymous.json()).toMatchObject({ error: 'invalid_client' })
  // Whoever registers gets a secret: it proves nothing.
  const metadata = { client_name: 'Thief', redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'client_secret_post' }
  const response = await gateway.control.get('/oauth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
  const { client_id, client_secret } = (await response.json()) as { client_id: string; client_secret: string }
  expect(await exchange({ client_id, client_secret }, home)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  expect((await exchange({}, home)).status).toBe(200)
})

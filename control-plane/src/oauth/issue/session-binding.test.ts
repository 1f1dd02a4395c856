import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { anAuthorization, aSignInGateway, registered, TestBrowser } from '../testing.ts'

type Gateway = Awaited<ReturnType<typeof aSignInGateway>>

const home = { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'agent/1.0' }

/** Signs alice in with a client that sends these headers. Resolves with what refreshes its tokens from elsewhere. */
async function aClientAt(gateway: Gateway, headers: Record<string, string>) {
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const asked = async (form: Record<string, string>, from: Record<string, string>) => {
    const response = await gateway.control.token({ client_id: clientId, ...form }, { headers: from })
    return { status: response.status, body: (await response.json()) as { access_token: string; refresh_token: string; error: string } }
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
  return { body, refresh }
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

test.for([
  ['off', { ...home, 'x-forwarded-for': '198.51.100.1' }, 200],
  ['ip', { ...home, 'x-forwarded-for': '203.0.113.99' }, 200],
  ['ip', { ...home, 'x-forwarded-for': '198.51.100.1' }, 400],
  ['ip', { ...home, 'user-agent': 'other/1' }, 200],
  ['user-agent', { ...home, 'user-agent': 'agent/2.1' }, 200],
  ['user-agent', { ...home, 'user-agent': 'other/1' }, 400],
  ['both', { ...home, 'user-agent': 'other/1' }, 400],
  ['both', home, 200],
  ['ip', { ...home, forwarded: 'for=198.51.100.1' }, 200],
  ['ip', { ...home, 'x-forwarded-for': 'unknown' }, 400],
] as const)('with binding %s, a refresh token from %o is answered %s', async ([binding, from, status]) => {
  await using gateway = await aSignInGateway({ TRUSTED_PROXIES: '127.0.0.1/32' })
  await gateway.control.client().settings.put({ binding })
  const { refresh } = await aClientAt(gateway, home)
  expect((await refresh(from)).status).toBe(status)
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

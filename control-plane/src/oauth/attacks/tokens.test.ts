import { createHmac, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ISSUER, MCP_URL } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, signedIn, TestBrowser, tokens } from '../testing.ts'

/* Attacks with codes and tokens, at the token endpoint, at revocation, at introspection and at the API. */

let gateway: Awaited<ReturnType<typeof aSignInGateway>>
let clientId: string
let otherClient: string
let asker: { client_id: string; client_secret: string }
beforeAll(async () => {
  gateway = await aSignInGateway()
  clientId = await registered(gateway)
  otherClient = await registered(gateway)
  const made = await gateway.control
    .client()
    .clients.create({ name: 'checker', redirectUris: [REDIRECT_URI], authMethod: 'client_secret_post' })
  asker = { client_id: made.clientId, client_secret: made.clientSecret ?? '' }
})
beforeEach(async () => void (await gateway.control.db.deleteFrom('attempt_counts').execute()))
afterAll(() => gateway[Symbol.asyncDispose]())

const api = `${ISSUER}/api`

/** An access token of alice for this resource, and all that came with it. */
async function aToken(resource: string) {
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId, { resource })
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT_URI, code, code_verifier: verifier }
  return (await tokens(gateway, form)).body
}

const me = (token: string) =>
  gateway.control.get('/trpc/users.list?input=%7B%7D', { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status)

async function isActive(token: string, client = asker): Promise<boolean> {
  const response = await gateway.control.get('/oauth/introspect', { method: 'POST', body: new URLSearchParams({ ...client, token }) })
  return ((await response.json()) as { active: boolean }).active
}

/** A client with a secret, which anybody may have: it registered itself. */
async function aRegisteredAsker(): Promise<typeof asker> {
  const body = JSON.stringify({ redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'client_secret_post' })
  const response = await gateway.control.get('/oauth/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const { client_id, client_secret } = (await response.json()) as typeof asker
  return { client_id, client_secret }
}

const revoke = (token: string, client_id = clientId) =>
  gateway.control.get('/oauth/revoke', { method: 'POST', body: new URLSearchParams({ client_id, token }) }).then(({ status }) => status)

// RFC 7662, sections 2.2 and 4.
test('a client that registered itself is told of its own tokens alone', async () => {
  const stranger = await aRegisteredAsker()
  const { access_token: token } = await aToken(api)
  expect([await isActive(token), await isActive(token, stranger)]).toEqual([true, false])
  const { path, verifier } = anAuthorization(stranger.client_id)
  const browser = new TestBrowser(gateway)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  const own = await tokens(gateway, {
    grant_type: 'authorization_code',
    ...stranger,
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
  })
  expect([own.status, await isActive(own.body.access_token, stranger)]).toEqual([200, true])
})

// RFC 8725, sections 2.1, 3.1 and 3.5; RFC 9068, section 4.
test('no token that the gateway did not sign, with its key, its algorithm and its type, is good anywhere', async () => {
  const { access_token: genuine } = await aToken(api)
  const [header, claims] = [decodeProtectedHeader(genuine), decodeJwt(genuine)]
  const { keys } = (await (await gateway.control.get('/oauth/jwks')).json()) as { keys: { kid: string; x: string }[] }
  const published = keys.find(({ kid }) => kid === header.kid)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const own = publicKey.export({ format: 'jwk' })
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const hmac = (signed: string, secret: Buffer) => `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  const forged = (more: object) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: String(header.kid), ...more }).sign(privateKey)
  const publicBytes = Buffer.from(published?.x ?? '', 'base64url')
  const symmetric = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`
  const [, payload, signature] = genuine.split('.')
  const tampered: [string, string][] = [
    ['no algorithm', `${encoded({ ...header, alg: 'none' })}.${encoded(claims)}.`],
    ['no algorithm, with a signature', `${encoded({ ...header, alg: 'nOnE' })}.${payload}.${signature}`],
    ['the public key as a secret', hmac(symmetric, publicBytes)],
    ['the public key as a secret, as JSON', hmac(symmetric, Buffer.from(JSON.stringify(published)))],
    ['another key under the kid of ours', await forged({})],
    ['a kid of its own', await forged({ kid: await calculateJwkThumbprint(own) })],
    ['its key in the header', await forged({ jwk: own })],
    ['an address of keys in the header', await forged({ jku: 'http://127.0.0.1:1/keys', x5u: 'http://127.0.0.1:1/' })],
    ['a path as its kid', await forged({ kid: '../../../../dev/null' })],
    ['SQL as its kid', await forged({ kid: "' or 1=1 --" })],
    ['a name of every object as its kid', await forged({ kid: '__proto__' })],
    ['no kid', await forged({ kid: undefined })],
    ['something critical', await forged({ crit: ['b64'], b64: true })],
    ['other claims', `${genuine.split('.')[0]}.${encoded({ ...claims, sub: claims.jti })}.${signature}`],
    ['no signature', `${genuine.split('.')[0]}.${payload}.`],
    ['two tokens', `${genuine}.${genuine}`],
  ]
  for (const [name, token] of tampered) {
    expect([name, await me(token)]).toEqual([name, 401])
    expect([name, await isActive(token)]).toEqual([name, false])
    expect([name, await revoke(token)]).toEqual([name, 200])
  }
  expect([await me(genuine), await isActive(genuine)]).toEqual([expect.not.toSatisfy((status) => status === 401), true])
})

// RFC 8707, section 2; RFC 9068, section 4.
test('a token for the planes, or for one server, does not open the API; a refresh token opens nothing', async () => {
  const planes = await aToken(`${MCP_URL}/mcp`)
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: planes.refresh_token }
  for (const resource of [api, `${MCP_URL}.evil.example/mcp`, 'https://other.example/mcp'])
    expect((await tokens(gateway, { ...refresh, resource })).body.error).toBe('invalid_target')
  const { body: one } = await tokens(gateway, { ...refresh, resource: `${MCP_URL}/mcp/sql` })
  for (const token of [planes.access_token, one.access_token, planes.refresh_token]) expect(await me(token)).toBe(401)
  const asAnother = { grant_type: 'authorization_code', client_id: clientId, code: planes.refresh_token, code_verifier: 'x'.repeat(43) }
  expect((await tokens(gateway, asAnother)).body.error).toBe('invalid_grant')
})

test.for([
  'https://other.example/mcp',
  `${MCP_URL}.evil.example/mcp`,
  `${MCP_URL}@evil.example/mcp`,
  `${MCP_URL}/mcp/../api`,
  `${MCP_URL}/mcp/sql/../../x`,
  `${MCP_URL}/mcp/a/b`,
  `${MCP_URL}/mcp#x`,
  `${ISSUER}/internal`,
  ISSUER,
  'urn:x',
  '*',
])('nobody is asked about a token for %s, which is no resource of the gateway', async (resource) => {
  const response = await gateway.control.get(anAuthorization(clientId, { resource }).path, { redirect: 'manual' })
  const location = new URL(response.headers.get('location') ?? '')
  expect([location.origin, location.searchParams.get('error')]).toEqual(['http://127.0.0.1:9999', 'invalid_target'])
})

// RFC 9700, section 4.5; RFC 7636, section 1; RFC 6749, section 10.5.
test('a code in the hands of another client, with another verifier or without one, is worth nothing, and stays good', async () => {
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const form = { grant_type: 'authorization_code', client_id: clientId, code: url.searchParams.get('code') ?? '', code_verifier: verifier }
  const own = anAuthorization(otherClient).verifier
  const { code_verifier: _, ...withoutVerifier } = form
  const attempts: Record<string, string>[] = [
    { ...form, client_id: otherClient },
    { ...form, client_id: otherClient, code_verifier: own },
    { ...form, code_verifier: own },
    { ...form, code_verifier: '' },
    withoutVerifier,
    { ...form, client_id: asker.client_id },
    { ...form, ...asker },
    { ...form, grant_type: 'refresh_token', refresh_token: form.code },
  ]
  for (const attempt of attempts) expect((await tokens(gateway, attempt)).status).toBeGreaterThanOrEqual(400)
  expect((await tokens(gateway, form)).status).toBe(200)
})

// RFC 9700, section 4.14.2.
test('whoever replays a code or a refresh token ends the session at once, for the API too', async () => {
  const { access_token, refresh_token } = await aToken(api)
  const refresh = (token: string) => tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token })
  const { body } = await refresh(refresh_token)
  await refresh(body.refresh_token)
  expect(await isActive(access_token)).toBe(true)
  expect((await refresh(refresh_token)).body.error).toBe('invalid_grant')
  expect([await isActive(access_token), await me(access_token)]).toEqual([false, 401])

  const { form, body: given } = await signedIn(gateway, { clientId })
  expect(await isActive(given.access_token)).toBe(true)
  expect((await tokens(gateway, form)).body.error).toBe('invalid_grant')
  expect(await isActive(given.access_token)).toBe(false)
})

test('parameters with control characters, repeated ones and huge ones are refused, and never an error 500', async () => {
  const names = ['grant_type', 'client_id', 'client_secret', 'code', 'code_verifier', 'redirect_uri', 'refresh_token', 'resource', 'scope']
  const more = ['client_assertion', 'client_assertion_type', 'assertion', 'subject_token', 'device_code', 'token']
  const grants = ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code']
  const values = ['\u0000\u001b[2J\r\n\ud800', "' or 1=1 --", '__proto__']
  for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/device'])
    for (const [index, name] of [...names, ...more].entries())
      for (const value of name === 'code' ? [...values, 'x'.repeat(60_000)] : values) {
        const form = new URLSearchParams({
          client_id: clientId,
          grant_type: grants[index % grants.length] ?? '',
          code: 'x',
          code_verifier: 'x',
        })
        form.set(name, value)
        const response = await gateway.control.get(path, { method: 'POST', body: form })
        const text = await response.text()
        expect([path, name, value.slice(0, 20), response.status < 500]).toEqual([path, name, value.slice(0, 20), true])
        expect(text).not.toContain('or 1=1')
      }
  const bad = gateway.control.events.filter(({ event }) => event === 'request-failed' || event === 'refusal-unrecorded')
  expect(bad).toEqual([])
})

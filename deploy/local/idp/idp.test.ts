import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readIdpConfig } from './config.ts'
import { ensurePasswords } from './people.ts'
import { startIdp } from './start-idp.ts'
import { Browser, exchange, redirectUri } from './testing.ts'

const home = mkdtempSync(join(tmpdir(), 'bir-idp-'))
let idp: Awaited<ReturnType<typeof startIdp>>
let passwords: Record<string, string>

beforeAll(async () => {
  passwords = (await ensurePasswords(home)) ?? {}
  idp = await startIdp({ stage: 'local', host: '127.0.0.1', port: 0, homeDir: home })
})

afterAll(async () => {
  await idp.close()
  rmSync(home, { recursive: true, force: true })
})

test('a person signs in with code and PKCE, and the tokens identify them', async () => {
  const browser = new Browser(idp.issuer)
  const { verifier, login, page } = await browser.authorize()
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  const callback = await browser.signIn(login, 'alice', passwords.alice ?? '')
  expect(callback.href).toMatch(redirectUri)
  expect(callback.searchParams.get('iss')).toBe(idp.issuer)

  const tokens = await exchange(idp.issuer, {
    grant_type: 'authorization_code',
    code: callback.searchParams.get('code') ?? '',
    code_verifier: verifier,
  })
  const jwks = createRemoteJWKSet(new URL(`${idp.issuer}/jwks`))
  const { payload, protectedHeader } = await jwtVerify(tokens.id_token, jwks, { issuer: idp.issuer, audience: 'bir' })
  expect(protectedHeader.alg).toBe('ES256')
  expect(payload).toMatchObject({ sub: 'alice', preferred_username: 'alice', email: 'alice@bank.example', groups: ['analysts'], roles: [] })

  const access = await jwtVerify(tokens.access_token, jwks, { issuer: idp.issuer, audience: 'bir', typ: 'at+jwt' })
  expect(access.payload).toMatchObject({ sub: 'alice', client_id: 'bir', groups: ['analysts'] })

  const renewed = await exchange(idp.issuer, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
  expect(renewed.refresh_token).not.toBe(tokens.refresh_token)
})

test('a wrong password and an unknown name get the same page', async () => {
  const browser = new Browser(idp.issuer)
  const { login } = await browser.authorize()
  const wrong = await browser.post(login, { handle: 'alice', password: 'nope' })
  const unknown = await browser.post(login, { handle: 'mallory', password: 'nope' })
  expect([wrong.status, unknown.status]).toEqual([401, 401])
  expect((await wrong.text()).replace('value="alice"', 'value="mallory"')).toBe(await unknown.text())
})

test('without PKCE there is no sign-in', async () => {
  const query = { client_id: 'bir', response_type: 'code', redirect_uri: redirectUri, scope: 'openid' }
  const response = await fetch(`${idp.issuer}/auth?${String(new URLSearchParams(query))}`, { redirect: 'manual' })
  expect(response.headers.get('location')).toContain('error=invalid_request')
})

test('passwords are made once, and stored as hashes', async () => {
  expect(await ensurePasswords(home)).toBeUndefined()
  const stored = readFileSync(join(home, 'people.json'), 'utf8')
  expect(Object.keys(passwords)).toContain('alice')
  for (const password of Object.values(passwords)) expect(stored).not.toContain(password)
})

test.for<[string, Record<string, string>, string, number]>([
  ['another host', { host: 'evil.example.com' }, '/.well-known/openid-configuration', 403],
  ['its address under another name', { host: 'localhost' }, '/jwks', 403],
  ['a page of another origin', { origin: 'https://evil.example.com' }, '/.well-known/openid-configuration', 403],
  ['a page without an origin', { origin: 'null' }, '/token', 403],
  ['whoever asks whether it is well', { host: 'evil.example.com' }, '/health', 200],
])('for %s', async ([, headers, path, status]) => {
  const asking = request(idp.issuer + path, { headers }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(status)
  expect(response.headers['access-control-allow-origin']).toBeUndefined()
  expect(await text(response)).not.toContain('evil.example.com')
})

test('every address in its discovery document is the issuer’s', async () => {
  const document = (await (await fetch(`${idp.issuer}/.well-known/openid-configuration`)).json()) as Record<string, unknown>
  const addresses = Object.values(document).filter((value) => String(value).startsWith('http'))
  expect(addresses.length).toBeGreaterThan(3)
  for (const address of addresses) expect(String(address)).toMatch(new RegExp(`^${idp.issuer}(/|$)`))
})

test.for([
  { STAGE: 'local', HOST: '0.0.0.0', HOME_DIR: '/h', says: /HOST: .*loopback alone/ },
  { STAGE: 'prod', HOST: '127.0.0.1', HOME_DIR: '/h', says: /STAGE: .*stage local alone/ },
])('it refuses $STAGE on $HOST', ({ says, ...env }) => {
  expect(() => readIdpConfig(env)).toThrow(says)
})

test("the provider's own address says what it is, and takes a password without signing anybody in", async () => {
  const page = await fetch(idp.issuer)
  expect(page.status).toBe(200)
  expect(await page.text()).toContain('Demo identity provider')
  const tried = (password: string) => fetch(idp.issuer, { method: 'POST', body: new URLSearchParams({ handle: 'bob', password }) })
  const right = await tried(passwords.bob ?? '')
  expect([right.status, right.headers.getSetCookie()]).toEqual([200, []])
  expect(await right.text()).toContain('is in the group engineers')
  const wrong = await tried('wrong')
  expect(wrong.status).toBe(401)
  expect(await wrong.text()).toContain('do not belong together')
})

/** What the provider knows of the gateway in these tests. */
const gatewaySecret = 'a-secret-of-the-gateway-for-tests-alone'
const gatewayUrl = 'http://127.0.0.1:49153'
const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`bir-gateway:${secret}`).toString('base64')}` })

test('the gateway has a client of its own: people return to its callback, its secret is asked for, and it signs them out', async () => {
  await using withGateway = await startWithGateway()
  const { issuer } = withGateway
  const callback = `${gatewayUrl}/oauth/callback/demo`
  const browser = new Browser(issuer, { clientId: 'bir-gateway', redirectUri: callback, scope: 'openid profile email' })
  const { verifier, login } = await browser.authorize()
  const returned = await browser.signIn(login, 'bob', passwords.bob ?? '')
  expect(returned.href.startsWith(`${callback}?`)).toBe(true)

  const form = {
    grant_type: 'authorization_code',
    code: returned.searchParams.get('code') ?? '',
    redirect_uri: callback,
    code_verifier: verifier,
  }
  const ask = (headers: Record<string, string>, more = {}) =>
    fetch(`${issuer}/token`, { method: 'POST', headers, body: new URLSearchParams({ ...form, ...more }) })
  expect((await ask({}, { client_id: 'bir-gateway' })).status).toBe(401)
  expect((await ask(basic('a wrong secret'))).status).toBe(401)
  const { id_token: idToken, access_token: token } = (await (await ask(basic(gatewaySecret))).json()) as Record<string, string>
  expect(decodeJwt(idToken ?? '')).toMatchObject({
    aud: 'bir-gateway',
    sub: 'bob',
    preferred_username: 'bob',
    groups: ['engineers'],
    roles: [],
  })

  const userInfo = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } })
  expect(await userInfo.json()).toMatchObject({ sub: 'bob', groups: ['engineers'] })

  const signOut = { id_token_hint: idToken ?? '', post_logout_redirect_uri: `${gatewayUrl}/oauth/logout`, state: 'bye' }
  const page = await browser.get(`/session/end?${String(new URLSearchParams(signOut))}`)
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  const html = await page.text()
  expect(html).toContain('You are signed in here as bob')
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(html)?.[1] ?? ''
  const done = await browser.post(new URL('/session/end/confirm', issuer), { xsrf, logout: 'yes' })
  expect(done.headers.get('location')).toBe(`${gatewayUrl}/oauth/logout?state=bye`)
  // The provider asks for a password again.
  expect(await (await browser.authorize()).page.text()).toContain('type="password"')
})

test('it sends nobody to an address that is not the gateway’s, at sign-in and at sign-out', async () => {
  await using withGateway = await startWithGateway()
  const browser = new Browser(withGateway.issuer, { clientId: 'bir-gateway', redirectUri: 'http://127.0.0.1:49154/oauth/callback/demo' })
  expect((await browser.get(browser.authorizePath('challenge'))).status).toBe(400)
  const signOut = { client_id: 'bir-gateway', post_logout_redirect_uri: 'http://127.0.0.1:49154/oauth/logout' }
  expect((await browser.get(`/session/end?${String(new URLSearchParams(signOut))}`)).status).toBe(400)
})

test('without a gateway it knows only the client of programs', async () => {
  const browser = new Browser(idp.issuer, { clientId: 'bir-gateway' })
  expect((await browser.get(browser.authorizePath('challenge'))).status).toBe(400)
})

async function startWithGateway() {
  const started = await startIdp({ stage: 'local', host: '127.0.0.1', port: 0, homeDir: home, gatewayUrl, gatewaySecret })
  return { ...started, [Symbol.asyncDispose]: () => started.close() }
}

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRemoteJWKSet, jwtVerify } from 'jose'
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

test.for([
  { STAGE: 'local', HOST: '0.0.0.0', HOME_DIR: '/h', says: /HOST: .*loopback alone/ },
  { STAGE: 'prod', HOST: '127.0.0.1', HOME_DIR: '/h', says: /STAGE: .*stage local alone/ },
])('it refuses $STAGE on $HOST', ({ says, ...env }) => {
  expect(() => readIdpConfig(env)).toThrow(says)
})

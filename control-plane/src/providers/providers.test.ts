import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDb } from '@bir/db/testing'
import type { FileProviders } from '@bir/sdk/contract/provider'
import { noProxies } from '@bir/sdk/proxies'
import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import type { EnvironmentProvider } from './setup/configured.ts'
import { ProviderFault } from './faults/provider-fault.ts'
import { createProviders } from './providers.ts'
import type { Attempt } from './providers.ts'
import { aProvider, CLIENT_ID, CLIENT_SECRET } from './testing.ts'

const issuer = 'http://127.0.0.1:8081'

const anAttempt = (): Attempt => {
  const random = () => randomBytes(32).toString('base64url')
  return { state: random(), nonce: random(), codeVerifier: random() }
}

type ProviderOptions = Parameters<typeof aProvider>[0]
interface SetUp {
  idp?: ProviderOptions
  /** Changes of the provider in the policy. */
  corp?: object
  secret?: string
  environment?: (idpIssuer: string) => EnvironmentProvider
}

/** A foreign provider `corp` in the policy, and what the gateway makes of it. Its clock can be moved. */
async function aSetUp({ idp: options, corp = {}, secret = CLIENT_SECRET, environment }: SetUp = {}) {
  const idp = await aProvider(options)
  const { db, drop } = await testDb()
  const secretsDir = mkdtempSync(join(tmpdir(), 'bir-secrets-'))
  writeFileSync(join(secretsDir, 'corp-secret'), `${secret}\n`)
  const section = { corp: { issuer: idp.issuer, clientId: CLIENT_ID, clientSecret: { secret: 'corp-secret' }, ...corp } }
  const store = async (providers: FileProviders) => {
    const value = JSON.stringify(providers)
    await db
      .insertInto('policy_sections')
      .values({ name: 'providers', value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
  await store(section)
  const clock = { offMs: 0 }
  const providers = createProviders({
    db,
    environment: environment?.(idp.issuer),
    secretsDir,
    issuer,
    proxyFor: noProxies,
    log: () => undefined,
    nowMs: () => Date.now() + clock.offMs,
  })
  const attempt = anAttempt()
  const signIn = async (subject?: string) =>
    providers.finish('corp', await idp.signIn(await providers.authorizationUrl('corp', attempt), subject), attempt)
  const dispose = async () => {
    await idp[Symbol.asyncDispose]()
    await drop()
  }
  return { idp, providers, attempt, signIn, store, clock, secretsDir, [Symbol.asyncDispose]: dispose }
}

/** The fault of something that must come to nothing. */
const faultOf = (work: Promise<unknown>): Promise<ProviderFault> =>
  work.then(
    (value) => Promise.reject(new Error(`it went well: ${JSON.stringify(value)}`)),
    (error: unknown) =>
      error instanceof ProviderFault ? error : Promise.reject(error instanceof Error ? error : new Error(String(error))),
  )

test.for(['client_secret_basic', 'client_secret_post', 'none'] as const)(
  'a person signs in at a provider whose client sends %s',
  async (clientAuth) => {
    await using made = await aSetUp({ idp: { clientAuth }, ...(clientAuth === 'none' ? { corp: { clientSecret: undefined } } : {}) })
    const { claims, idToken } = await made.signIn()
    expect(claims).toEqual({
      subject: 'subject-alice',
      handle: 'alice',
      name: 'Alice',
      email: 'alice@bank.example',
      isEmailVerified: true,
      notes: [],
    })
    expect(idToken.split('.')).toHaveLength(3)
  },
)

test('the address of the sign-in has state, nonce, PKCE by S256 and the redirect URI of the provider, and never a resource', async () => {
  await using made = await aSetUp()
  const { searchParams } = await made.providers.authorizationUrl('corp', { ...made.attempt, loginHint: 'alice@bank.example' })
  expect(Object.fromEntries(searchParams)).toEqual({
    client_id: CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${issuer}/oauth/callback/corp`,
    scope: 'openid profile email',
    state: made.attempt.state,
    nonce: made.attempt.nonce,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
    login_hint: 'alice@bank.example',
  })
})

test('claims that the provider gives at UserInfo alone are taken from there, unless the policy says no', async () => {
  await using made = await aSetUp({ idp: { isThin: true } })
  expect((await made.signIn()).claims.handle).toBe('alice')
  await using without = await aSetUp({ idp: { isThin: true }, corp: { userinfo: false } })
  expect((await without.signIn()).claims).toMatchObject({ handle: undefined, handleFault: 'has no preferred_username' })
})

test('who cancels the sign-in is told that it was cancelled', async () => {
  await using made = await aSetUp()
  const callback = await made.idp.deny(await made.providers.authorizationUrl('corp', made.attempt))
  const fault = await faultOf(made.providers.finish('corp', callback, made.attempt))
  expect(fault).toMatchObject({ reason: 'sign-in-denied', whose: 'you', what: expect.stringContaining('denied or cancelled') })
})

test.for([
  ['another provider', { iss: 'https://attacker.example' }],
  ['nobody', { iss: undefined }],
  ['another sign-in', { state: 'another' }],
  ['no sign-in', { state: undefined }],
] as const)('an answer that names %s is refused before its code goes anywhere', async ([, changes]) => {
  await using made = await aSetUp()
  const callback = await made.idp.signIn(await made.providers.authorizationUrl('corp', made.attempt))
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) callback.searchParams.delete(name)
    else callback.searchParams.set(name, value)
  }
  const fault = await faultOf(made.providers.finish('corp', callback, made.attempt))
  expect(fault).toMatchObject({ reason: 'sign-in-mismatch', whose: 'you' })
  expect(made.idp.asked).not.toContain('/token')
})

test('an id token with the nonce of another sign-in is refused', async () => {
  await using made = await aSetUp()
  const callback = await made.idp.signIn(await made.providers.authorizationUrl('corp', made.attempt))
  const fault = await faultOf(made.providers.finish('corp', callback, { ...made.attempt, nonce: anAttempt().nonce }))
  expect(fault).toMatchObject({ reason: 'sign-in-mismatch', what: expect.stringContaining('another sign-in') })
})

test('a code that is used already, or without its verifier, is an ordinary thing: sign in again', async () => {
  await using made = await aSetUp()
  const callback = await made.idp.signIn(await made.providers.authorizationUrl('corp', made.attempt))
  const stolen = await faultOf(made.providers.finish('corp', callback, { ...made.attempt, codeVerifier: anAttempt().codeVerifier }))
  expect(stolen).toMatchObject({ reason: 'sign-in-expired', whose: 'you', next: 'Sign in again.' })
})

test('keys that the provider has turned are fetched again', async () => {
  await using made = await aSetUp()
  await made.signIn()
  await made.idp.turnKeys()
  await expect.poll(async () => (await made.signIn()).claims.handle, { interval: 200 }).toBe('alice')
})

test('a provider that is down is named as such, and is asked again once it is back', async () => {
  await using made = await aSetUp()
  made.idp.answerWith((_, response) => response.destroy())
  const fault = await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(fault).toMatchObject({
    reason: 'provider-unreachable',
    whose: 'provider',
    what: expect.stringContaining('corp cannot be reached'),
  })
  const asked = made.idp.asked.length
  await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(made.idp.asked).toHaveLength(asked)

  made.idp.answerWith()
  made.clock.offMs = 2_000
  expect((await made.signIn()).claims.handle).toBe('alice')
})

test('a provider that is down after it was known still gets its people: its documents are kept', async () => {
  await using made = await aSetUp()
  await made.providers.authorizationUrl('corp', made.attempt)
  made.idp.answerWith((_, response) => response.destroy())
  made.clock.offMs = 11 * 60_000
  await made.providers.authorizationUrl('corp', made.attempt)
  made.clock.offMs = 25 * 60 * 60_000
  expect(await faultOf(made.providers.authorizationUrl('corp', made.attempt))).toMatchObject({ reason: 'provider-unreachable' })
})

test('a provider that does not answer within 5 s is called slow', { meta: { patienceMs: 60_000 } }, async () => {
  await using made = await aSetUp()
  made.idp.answerWith(() => undefined)
  const fault = await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(fault).toMatchObject({ reason: 'provider-slow', whose: 'provider', what: expect.stringContaining('did not answer within 5 s') })
})

test.for([
  ['is ahead', -10 * 60_000, '600 s ahead'],
  ['is behind', 2 * 60 * 60_000, '7200 s behind'],
] as const)('a clock of the provider that %s is named, and by how much', async ([, offMs, named]) => {
  await using made = await aSetUp()
  const callback = await made.idp.signIn(await made.providers.authorizationUrl('corp', made.attempt))
  made.clock.offMs = offMs
  const fault = await faultOf(made.providers.finish('corp', callback, made.attempt))
  const seconds = /(\d+) s (ahead|behind)/.exec(fault.what)
  expect(fault).toMatchObject({ reason: 'clock-off', whose: 'administrator' })
  expect(fault.what).toContain('the clock of the identity provider corp')
  expect(Math.abs(Number(seconds?.[1]) - Number.parseInt(named, 10))).toBeLessThan(30)
  expect(seconds?.[2]).toBe(named.split(' ').at(-1))
})

test('a wrong client secret is the fault of an administrator, and the fault does not repeat it', async () => {
  await using made = await aSetUp({ secret: 'a-wrong-secret' })
  const fault = await faultOf(made.signIn())
  expect(fault).toMatchObject({ reason: 'client-refused', whose: 'administrator', next: expect.stringContaining('client secret') })
  expect([fault.message, fault.detail].join()).not.toContain('a-wrong-secret')
  writeFileSync(join(made.secretsDir, 'corp-secret'), CLIENT_SECRET)
  expect((await made.signIn()).claims.handle).toBe('alice')
})

test('a client secret that is not there is named', async () => {
  await using made = await aSetUp({ corp: { clientSecret: { secret: 'nowhere' } } })
  const fault = await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(fault).toMatchObject({
    reason: 'provider-misconfigured',
    whose: 'administrator',
    next: expect.stringContaining('the secret nowhere'),
  })
})

test('documents of another issuer are refused with what to write instead', async () => {
  await using made = await aSetUp()
  const { issuer: at } = made.idp
  await made.store({ corp: { issuer: `${at}/`.replace('127.0.0.1', 'localhost'), clientId: CLIENT_ID } })
  const fault = await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(fault).toMatchObject({ whose: 'administrator', reason: 'provider-misconfigured' })
  expect(fault.what).toContain(at)
})

const documentWith =
  (more: object) => (_: unknown, response: { end: (text: string) => void; setHeader: (name: string, value: string) => unknown }) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(more))
  }

test.for([
  ['no keys', (at: string) => documentWith({ issuer: at }), 'provider-invalid'],
  ['an address that is none', (at: string) => documentWith({ issuer: at, jwks_uri: 'javascript:alert(1)' }), 'provider-invalid'],
  ['a document of 2 MiB', (at: string) => documentWith({ issuer: at, jwks_uri: at, more: 'x'.repeat(2 ** 21) }), 'provider-invalid'],
] as const)('%s in the documents of a provider is refused', async ([, answer, reason]) => {
  await using made = await aSetUp()
  made.idp.answerWith(answer(made.idp.issuer))
  expect(await faultOf(made.providers.authorizationUrl('corp', made.attempt))).toMatchObject({ reason, whose: 'provider' })
})

test('a redirect of the provider is not followed', async () => {
  await using made = await aSetUp()
  await using other = await aProvider()
  made.idp.answerWith((request, response) => response.writeHead(302, { location: `${other.issuer}${request.url}` }).end())
  await faultOf(made.providers.authorizationUrl('corp', made.attempt))
  expect(other.asked).toEqual([])
})

test('an id token that is not signed with the keys of the provider is refused, whatever the way it came', async () => {
  await using made = await aSetUp()
  const { publicKey } = await generateKeyPair('ES256')
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' }] })
  made.idp.answerWith((request, response) => request.url === '/jwks' && response.setHeader('content-type', 'application/json').end(keys))
  expect(await faultOf(made.signIn())).toMatchObject({ reason: 'provider-invalid', whose: 'provider' })
})

test.for([
  ['/token', 500, 'provider-failing', 'provider'],
  ['/jwks', 404, 'provider-invalid', 'provider'],
  ['/me', 401, 'provider-misconfigured', 'administrator'],
  ['/me', 503, 'provider-failing', 'provider'],
] as const)('an answer %s of status %i is %s', async ([path, status, reason, whose]) => {
  await using made = await aSetUp()
  made.idp.answerWith((request, response) => request.url === path && response.writeHead(status, { 'www-authenticate': 'Bearer' }).end('no'))
  expect(await faultOf(made.signIn())).toMatchObject({ reason, whose })
})

test('too many groups for a token leave memberships as they are, with a note', async () => {
  const overage = {
    preferred_username: 'alice',
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://graph.example' } },
  }
  await using made = await aSetUp({ idp: { people: { 'subject-alice': overage } } })
  const { claims } = await made.signIn()
  expect(claims.groups).toBeUndefined()
  expect(claims.notes).toEqual([expect.stringContaining('more groups than it puts into a token')])
})

test('the provider of the environment stands beside those of the policy, and people may choose among both', async () => {
  const environment = (idpIssuer: string) => ({
    handle: 'env',
    issuer: idpIssuer.replace('127.0.0.1', 'localhost'),
    clientId: 'gateway',
    clientSecret: undefined,
    scopes: undefined,
    audience: 'bir',
  })
  await using made = await aSetUp({ environment, corp: { title: 'The bank', domains: ['bank.example'] } })
  expect(await made.providers.list()).toEqual([
    { handle: 'corp', title: 'The bank', domains: ['bank.example'] },
    { handle: 'env', title: 'env', domains: [] },
  ])
  expect(await faultOf(made.providers.authorizationUrl('nobody', made.attempt))).toMatchObject({ reason: 'provider-unknown' })
})

test('a person who signs out is sent to the end of the session at the provider', async () => {
  await using made = await aSetUp()
  const { idToken } = await made.signIn()
  const url = await made.providers.logoutUrl('corp', { idToken, returnTo: `${issuer}/oauth/logout`, state: 's' })
  expect(url?.pathname).toBe('/session/end')
  expect(url?.searchParams.get('post_logout_redirect_uri')).toBe(`${issuer}/oauth/logout`)
  expect((await fetch(url ?? '')).status).toBe(200)
})

test('an id token of a sign-in is taken in exchange, and is verified by the provider that its issuer names', async () => {
  await using made = await aSetUp()
  const { idToken } = await made.signIn()
  const type = 'urn:ietf:params:oauth:token-type:id_token'
  const verified = await made.providers.verifyToken(idToken, type)
  expect(verified).toMatchObject({ provider: 'corp', claims: { subject: 'subject-alice', handle: 'alice' } })
  await made.store({ other: { issuer: 'https://other.example', clientId: 'x' } })
  expect(await faultOf(made.providers.verifyToken(idToken, type))).toMatchObject({ reason: 'token-refused', whose: 'you' })
})

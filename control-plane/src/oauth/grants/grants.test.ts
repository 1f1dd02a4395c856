import { decodeJwt, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { ISSUER } from '../../internal/testing.ts'
import { openKeyRing } from '../../keys/key-ring.ts'
import { readMasterKey } from '../../keys/master-key.ts'
import { bearer, exchange } from '../../tokens/testing.ts'
import { accessType, aGateway, apiUrl, mcpUrl } from './testing.ts'
import type { TestClient } from './testing.ts'

type Gateway = Awaited<ReturnType<typeof aGateway>>
type Asked = ReturnType<Gateway['ask']>

async function refused(asking: Asked, code: string, message: string | RegExp = /./): Promise<void> {
  const { body } = await asking
  expect(body).toMatchObject({ error: code, error_description: typeof message === 'string' ? message : expect.stringMatching(message) })
}

const disable = ({ client }: Gateway, handle: string, disabled = true) => client.users.setDisabled({ handle, disabled })

test('a service account gets a short token in its own name, for MCP, one server or the API', async () => {
  await using it = await aGateway()
  const ci = await it.aClient('service', 'ci')
  const { id } = await it.client.users.get({ handle: 'ci' })
  for (const resource of [mcpUrl, `${mcpUrl}/debug`, apiUrl]) {
    const { claims, body } = await it.ask({ grant_type: 'client_credentials', resource }, ci)
    expect(claims).toMatchObject({ sub: id, aud: resource, client_id: ci.id })
    expect(claims).not.toHaveProperty('act')
    expect(Number(claims.exp) - Number(claims.iat)).toBe(600)
    expect(body).not.toHaveProperty('refresh_token')
  }
  expect(await it.lastRecord()).toMatchObject({ args: expect.stringContaining('"target":"ci"') })
  await refused(it.ask({ grant_type: 'client_credentials', resource: `${mcpUrl}/nothing` }, ci), 'invalid_target')
})

test('a service account that administers plans and applies the policy, and one that does not may not', async () => {
  await using it = await aGateway()
  const ci = await it.aClient('service', 'ci')
  const { body } = await it.ask({ grant_type: 'client_credentials', resource: apiUrl }, ci)
  const asCi = it.control.client(body.access_token)
  const file = { grants: [{ service: 'ci', server: 'debug', level: 'read' as const }] }
  expect(await asCi.users.me()).toMatchObject({ handle: 'ci', kind: 'service', administrator: true, client: ci.id })
  expect((await asCi.policy.plan({ file })).edits).toEqual(['add grant: service ci, read on debug'])
  expect((await asCi.policy.apply({ file })).edits).toEqual(['add grant: service ci, read on debug'])
  await it.client.serviceAccounts.put({ handle: 'ci', administrator: false })
  await expect(asCi.policy.plan({ file })).rejects.toMatchObject({ code: 'forbidden' })
  await disable(it, 'ci')
  await expect(asCi.users.me()).rejects.toMatchObject({ code: 'forbidden' })
})

test('no other client gets a token by its credentials, and no account that is disabled', async () => {
  await using it = await aGateway()
  const grant = { grant_type: 'client_credentials' }
  const ci = await it.aClient('service', 'ci')
  await it.alice()
  await refused(it.ask(grant), 'invalid_client')
  await refused(it.ask(grant, { ...ci, secret: 'wrong' }), 'invalid_client')
  await refused(it.ask(grant, await it.aClient('administered')), 'unauthorized_client')
  await refused(it.ask(grant, await it.aClient('service', 'alice')), 'unauthorized_client')
  await disable(it, 'ci')
  await refused(it.ask(grant, ci), 'invalid_grant', 'This account is disabled. Ask an administrator.')
})

test('a token of the gateway becomes one for less, in the same session, and never one for more or for longer', async () => {
  await using it = await aGateway()
  const alice = await it.alice()
  const whole = decodeJwt(alice)
  const { claims, body } = await it.askBir(exchange(alice, { audience: `${mcpUrl}/debug` }))
  const narrow = body.access_token
  expect(claims).toMatchObject({ sub: whole.sub, aud: `${mcpUrl}/debug`, sid: whole['sid'], client_id: 'bir' })
  expect(Number(claims.exp)).toBeLessThanOrEqual(Number(whole.exp))
  expect((await it.askBir(exchange(narrow))).claims).toMatchObject({ aud: `${mcpUrl}/debug` })

  const wider = 'The grant does not cover this resource.'
  await refused(it.askBir(exchange(narrow, { resource: mcpUrl })), 'invalid_target', wider)
  await refused(it.askBir(exchange(narrow, { resource: `${mcpUrl}/charts` })), 'invalid_target', wider)
  await refused(it.askBir(exchange(alice, { resource: apiUrl })), 'invalid_target', wider)
  await refused(it.askBir(exchange(alice, { resource: mcpUrl, audience: `${mcpUrl}/debug` })), 'invalid_target', /one resource/)
  await refused(it.askBir(exchange(alice, { audience: 'http://elsewhere.test/mcp' })), 'invalid_target')
  const api = (await it.ask(exchange(await it.idp.sign(), { resource: apiUrl }))).body.access_token
  expect((await it.askBir(exchange(api))).claims).toMatchObject({ aud: apiUrl })
  await refused(it.askBir(exchange(api, { resource: mcpUrl })), 'invalid_target', wider)
})

test('who exchanges for a person stands in act, with all who acted before, and in the record', async () => {
  await using it = await aGateway()
  const [ci, app] = [await it.aClient('service', 'ci'), await it.aClient('administered')]
  const [alice, bob] = [await it.alice(), await it.bob()]
  const byCi = await it.ask(exchange(alice), ci)
  expect(byCi.claims).toMatchObject({ client_id: ci.id, act: { sub: 'service:ci' } })
  expect((await it.lastRecord()).args).toContain('"target":"alice"')
  expect((await it.client.audit.search({ kind: 'change', user: 'ci', first: 1 })).items).toHaveLength(1)

  const acting = { actor_token: bob, actor_token_type: accessType }
  const both = { sub: 'bob', act: { sub: 'service:ci' } }
  const byBoth = await it.ask(exchange(byCi.body.access_token, acting), app)
  expect(byBoth.claims['act']).toEqual(both)
  // Nobody drops who acted before, neither by exchanging alone nor in the name of the person.
  expect((await it.ask(exchange(byBoth.body.access_token), app)).claims['act']).toEqual(both)
  const asAlice = { actor_token: alice, actor_token_type: accessType }
  expect((await it.ask(exchange(byBoth.body.access_token, asAlice), app)).claims['act']).toEqual(both)
  let token = byBoth.body.access_token
  for (const by of [ci, app, ci]) token = (await it.ask(exchange(token, by === app ? acting : {}), by)).body.access_token
  await refused(it.ask(exchange(token, acting), app), 'invalid_grant', 'A token passes through 5 hands at most.')
})

test.for<[story: string, end: (it: Gateway, token: string) => Promise<unknown>]>([
  ['was revoked', (it, token) => it.client.tokens.revoke({ jti: String(decodeJwt(token).jti) })],
  ['is of a session that was ended', (it, token) => it.client.tokens.revoke({ sid: String(decodeJwt(token)['sid']) })],
  ['is of a person who was disabled', (it) => disable(it, 'alice')],
  ['is of a person who was disabled and enabled again', (it) => disable(it, 'alice').then(() => disable(it, 'alice', false))],
])('a token that %s is exchanged no more, neither as subject nor as actor', async ([, end]) => {
  await using it = await aGateway()
  const [alice, bob] = [await it.alice(), await it.bob()]
  await end(it, alice)
  const why = 'The token of this gateway is not good, or not any more. Sign in again.'
  await refused(it.askBir(exchange(alice)), 'invalid_grant', why)
  await refused(it.askBir(exchange(bob, { actor_token: alice, actor_token_type: accessType })), 'invalid_grant', why)
})

test('a disabled service account exchanges nothing', async () => {
  await using it = await aGateway()
  const ci = await it.aClient('service', 'ci')
  await disable(it, 'ci')
  await refused(it.ask(exchange(await it.alice()), ci), 'invalid_grant', 'This account is disabled. Ask an administrator.')
})

test('a forged token of the gateway is refused, whatever its header says', async () => {
  await using it = await aGateway()
  const keys = await openKeyRing(it.control.db, readMasterKey({ stage: 'local', homeDir: it.control.home }))
  const { kid, privateKey } = keys.tokenKey()
  const alice = await it.alice()
  const claims = decodeJwt(alice)
  const stranger = (await generateKeyPair('EdDSA')).privateKey
  const sign = (header: object, more: object, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header }).sign(key)
  expect((await it.askBir(exchange(await sign({}, {}, privateKey)))).status).toBe(200)

  const publicKey = new TextEncoder().encode(JSON.stringify(keys.tokenKeys()[0]))
  const [head, body, signature] = alice.split('.')
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const forgeries = [
    await sign({}, {}, stranger),
    await sign({ kid: '../../keys/1' }, {}, stranger),
    await sign({ kid: "' or 1=1 --" }, {}, privateKey),
    await sign({ kid: undefined }, {}, privateKey),
    await sign({ alg: 'HS256' }, {}, publicKey),
    await sign({ typ: 'bir-manifest+jwt' }, {}, privateKey),
    await sign({}, { exp: Math.floor(Date.now() / 1000) - 60 }, privateKey),
    await sign({}, { sid: crypto.randomUUID() }, privateKey),
    `${encoded({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
    `${head}.${body}.`,
    `${head}.${encoded({ ...claims, aud: apiUrl })}.${signature}`,
  ]
  for (const forgery of forgeries) await refused(it.askBir(exchange(forgery)), 'invalid_grant')
  await refused(it.askBir(exchange(`bir_pat_${'a'.repeat(43)}`)), 'invalid_grant', /^A personal access token is sent to/)
  await refused(it.askBir(exchange(alice, { actor_token: alice })), 'invalid_request', 'Exactly one actor_token_type is needed.')
})

interface Asserted {
  claims?: Record<string, unknown>
  typ?: string
  aud?: string
  life?: number
}

/** An assertion of the provider that alice may use the client here. */
const anIdJag = (
  { idp }: Gateway,
  { id }: TestClient,
  { claims = {}, typ = 'oauth-id-jag+jwt', aud = ISSUER, life = 300 }: Asserted = {},
) =>
  idp.sign({
    aud,
    typ,
    life,
    claims: { azp: undefined, client_id: id, resource: mcpUrl, scope: 'mcp', jti: crypto.randomUUID(), ...claims },
  })

test('an assertion of a trusted provider gives its client a token of the person, for the asserted resource', async () => {
  await using it = await aGateway()
  const app = await it.aClient('administered')
  const { claims, body } = await it.ask(bearer(await anIdJag(it, app)), app)
  expect(claims).toMatchObject({ aud: mcpUrl, client_id: app.id })
  expect(body).not.toHaveProperty('refresh_token')
  expect(await it.client.users.get({ handle: 'alice' })).toMatchObject({ id: claims.sub })
  const narrower = await it.ask(bearer(await anIdJag(it, app), { resource: `${mcpUrl}/debug` }), app)
  expect(narrower.claims).toMatchObject({ aud: `${mcpUrl}/debug` })
  const metadata = await (await it.control.get('/.well-known/oauth-authorization-server')).json()
  expect(metadata).toMatchObject({ authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'] })
})

test('an assertion is used once, and who sends it with a wrong client or resource does not use it up', async () => {
  await using it = await aGateway()
  const [app, thief] = [await it.aClient('administered'), await it.aClient('administered')]
  const assertion = await anIdJag(it, app)
  await refused(it.ask(bearer(assertion), thief), 'invalid_grant', 'The assertion is for another client.')
  await refused(it.ask(bearer(assertion, { resource: apiUrl }), app), 'invalid_target')
  const statuses = await Promise.all(Array.from({ length: 4 }, async () => (await it.ask(bearer(assertion), app)).status))
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  await refused(it.ask(bearer(assertion), app), 'invalid_grant', /^The assertion was used before/)
})

test('an assertion that is not for this gateway, this client, MCP and now is refused', async () => {
  await using it = await aGateway()
  const app = await it.aClient('administered')
  const faulty: [story: string, asserted: Asserted, code: string][] = [
    ['for another authorization server', { aud: 'https://other.example' }, 'invalid_grant'],
    ['for another client', { claims: { client_id: 'other' } }, 'invalid_grant'],
    ['of no client', { claims: { client_id: undefined } }, 'invalid_grant'],
    ['for a resource of somebody else', { claims: { resource: 'https://other.example/mcp' } }, 'invalid_target'],
    ['for the API', { claims: { resource: apiUrl } }, 'invalid_target'],
    ['of no resource', { claims: { resource: undefined } }, 'invalid_grant'],
    ['without an id', { claims: { jti: undefined } }, 'invalid_grant'],
    ['for another scope', { claims: { scope: 'files' } }, 'invalid_scope'],
    ['that lives for an hour', { life: 3600 }, 'invalid_grant'],
    ['that is expired', { life: -60 }, 'invalid_grant'],
    ['that is an id token', { typ: 'JWT' }, 'invalid_grant'],
    ['that calls itself one of the operator', { typ: 'bir-operator+jwt' }, 'invalid_grant'],
  ]
  for (const [story, asserted, code] of faulty) {
    const { body } = await it.ask(bearer(await anIdJag(it, app, asserted)), app)
    expect([story, body.error]).toEqual([story, code])
  }
  // And the other way round: no exchange takes an assertion for a token.
  await refused(it.ask(exchange(await anIdJag(it, app))), 'invalid_grant')
})

test('only a client that proves who it is brings an assertion, and only of a provider that the policy trusts with it', async () => {
  await using it = await aGateway()
  const app = await it.aClient('administered')
  await refused(it.ask(bearer(await anIdJag(it, app))), 'invalid_client')
  await refused(it.ask(bearer(await anIdJag(it, { id: 'bir', secret: '' }), { client_id: 'bir' })), 'unauthorized_client')
  await using other = await aGateway({ idJag: false })
  const theirs = await other.aClient('administered')
  await refused(other.ask(bearer(await anIdJag(other, theirs)), theirs), 'invalid_grant', /idJag: true/)
  const metadata = await (await other.control.get('/.well-known/oauth-authorization-server')).json()
  expect(metadata).not.toHaveProperty('authorization_grant_profiles_supported')
})

import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane, ISSUER, MCP_URL } from '../internal/testing.ts'
import { createOperatorVerifier } from './operator.ts'
import { targetOf } from '../oauth/base/resource.ts'
import { aGateway, aProvider, asked, bearer, exchange } from './testing.ts'

const alice = { handle: 'alice', provider: 'demo', subject: 'subject-alice' }
test('a token of the provider is exchanged for one that verifies with the published keys and has only the necessary claims', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const { status, headers, body, claims } = await asked(control, exchange(await idp.sign()))
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toMatchObject({
    token_type: 'Bearer',
    expires_in: 600,
    scope: 'mcp',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  })

  const keys = createRemoteJWKSet(new URL(`${control.url}/oauth/jwks`))
  await jwtVerify(body.access_token, keys, { issuer: ISSUER, audience: `${MCP_URL}/mcp`, typ: 'at+jwt', algorithms: ['EdDSA'] })
  const { id } = await control.client().users.get({ handle: 'alice' })
  expect(Object.keys(claims).sort()).toEqual(['aud', 'bnd', 'client_id', 'exp', 'iat', 'iss', 'jti', 'rev', 'scope', 'sid', 'sub'])
  expect(claims).toMatchObject({ sub: id, client_id: 'bir', scope: 'mcp', rev: expect.any(Number) })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600)
})

test('the first sign-in creates the person, and the token names the revision that contains them', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const plane = await aPlane(control)
  const before = (await plane.manifest()).revision
  const { claims } = await asked(control, exchange(await idp.sign()))
  expect(claims['rev']).toBe(before + 1)
  expect((await plane.manifest()).revision).toBe(before + 1)
  expect(await control.client().users.get({ handle: 'alice' })).toMatchObject({
    provider: 'demo',
    subject: 'subject-alice',
    email: 'alice@bank.example',
  })

  const again = await asked(control, exchange(await idp.sign()))
  expect(again.claims.sub).toBe(claims.sub)
  expect(again.claims['rev']).toBe(before + 1)
  expect(again.claims['sid']).not.toBe(claims['sid'])
})

test('groups and the administrator role follow the provider, and memberships from other sources stay', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const client = control.client()
  await client.users.put(alice)
  await client.groups.put({ handle: 'analysts', members: [] })
  await client.groups.put({ handle: 'given', members: ['alice'] })
  await client.users.put({ handle: 'admin', provider: 'demo', subject: 'admin', administrator: true })
  const signIn = async (claims: object) => {
    await asked(control, exchange(await idp.sign({ claims: { ...claims } })))
    const { groups, administrator } = await client.users.get({ handle: 'alice' })
    return { groups, administrator }
  }
  expect(await signIn({ groups: ['analysts', 'given', 'unknown'], roles: ['administrator'] })).toEqual({
    groups: ['analysts', 'given'],
    administrator: true,
  })
  expect(await signIn({})).toEqual({ groups: ['analysts', 'given'], administrator: true })
  expect(await signIn({ groups: [], roles: [] })).toEqual({ groups: ['given'], administrator: false })
})

test('a sign-in without the role does not take it from the last administrator, and is recorded', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  const client = control.client()
  await client.users.put({ ...alice, administrator: true })
  expect((await asked(control, exchange(await idp.sign({ claims: { roles: [] } })))).status).toBe(200)
  expect(await client.users.get({ handle: 'alice' })).toMatchObject({ administrator: true })
  const { items } = await client.audit.search({ kind: 'change' })
  expect(items.map(({ args }) => args ?? '').join()).toContain('keeps the role administrator')
})

test.for([
  [undefined, `${MCP_URL}/mcp`],
  [`${MCP_URL}/mcp`, `${MCP_URL}/mcp`],
  ['HTTP://MCP.test/mcp/', `${MCP_URL}/mcp`],
  [`${MCP_URL}/mcp?utm_source=chat`, `${MCP_URL}/mcp`],
  [`${MCP_URL}/mcp/sql`, `${MCP_URL}/mcp/sql`],
  [`${ISSUER}/api`, `${ISSUER}/api`],
  ['http://elsewhere.test/mcp', undefined],
  [`${MCP_URL}/mcp/sql/deeper`, undefined],
  [`${MCP_URL}/mcp/Not_A_Server`, undefined],
  [`${MCP_URL}/mcp#part`, undefined],
  ['not a url', undefined],
] as const)('resource %s gives audience %s', ([resource, audience]) => {
  const of = () => targetOf(resource === undefined ? [] : [resource], { issuer: ISSUER, mcpUrl: MCP_URL }).audience
  if (audience === undefined) expect(of).toThrow('no resource')
  else expect(of()).toBe(audience)
})

test('an invalid subject token is refused, and the error does not repeat it', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  await using other = await aProvider()
  const forms: [string, Record<string, string>, string][] = [
    ['expired', exchange(await idp.sign({ life: -120 })), 'invalid_grant'],
    ['for another client', exchange(await idp.sign({ aud: 'other' })), 'invalid_grant'],
    ['got by another client', exchange(await idp.sign({ claims: { azp: 'other' } })), 'invalid_grant'],
    ['of another issuer', exchange(await idp.sign({ iss: other.issuer })), 'invalid_grant'],
    ['signed by another', exchange(await other.sign({ iss: idp.issuer })), 'invalid_grant'],
    ['of an unknown key', exchange(await idp.sign({ kid: 'nobody' })), 'invalid_grant'],
    ['without a handle', exchange(await idp.sign({ claims: { preferred_username: '' } })), 'invalid_grant'],
    ['rubbish', exchange('rubbish-secret'), 'invalid_grant'],
    ['of an unknown type', exchange(await idp.sign(), { subject_token_type: 'urn:x' }), 'invalid_request'],
    ['absent', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange' }, 'invalid_request'],
    [
      'for a refresh token',
      exchange(await idp.sign(), { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }),
      'invalid_request',
    ],
    ['for elsewhere', exchange(await idp.sign(), { resource: 'https://elsewhere.test' }), 'invalid_target'],
    ['for an unknown grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['without a grant', {}, 'invalid_request'],
  ]
  for (const [what, form, error] of forms) {
    const { status, headers, body } = await asked(control, form)
    expect([what, status, body.error]).toEqual([what, 400, error])
    expect(headers.get('cache-control')).toBe('no-store')
    expect(JSON.stringify(body)).not.toContain('rubbish-secret')
  }
  expect((await control.client().users.list()).items).toEqual([])
})

test.for(['\u0000', '\ud800'])('a claim with %j, which nothing can store, is left out, and the claim sub is refused', async (unfit) => {
  await using made = await aGateway()
  const { control, idp } = made
  const client = control.client()
  await client.groups.put({ handle: 'analysts', members: [] })
  const signIn = async (claims: object) => asked(control, exchange(await idp.sign({ claims: { ...claims } })))
  const { status } = await signIn({ name: `a${unfit}b`, groups: [`a${unfit}b`, 'analysts'] })
  expect(status).toBe(200)
  expect(await client.users.get({ handle: 'alice' })).toMatchObject({ name: null, groups: ['analysts'] })
  expect((await signIn({ preferred_username: `a${unfit}b`, groups: ['analysts'] })).status).toBe(200)
  const refused = await signIn({ sub: `s${unfit}n`, preferred_username: 'mallory' })
  expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant'])
})

test('rotated keys of the provider are fetched', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  expect((await asked(control, exchange(await idp.sign()))).status).toBe(200)
  await idp.turnKeys()
  const again = async () => (await asked(control, exchange(await idp.sign()))).status
  await expect.poll(again, { interval: 200 }).toBe(200)
})

test('the error says when the provider is unavailable', async () => {
  await using control = await aRunningControlPlane({ IDP_ISSUER: 'http://127.0.0.1:9' })
  await using idp = await aProvider()
  const { status, body } = await asked(control, exchange(await idp.sign({ iss: 'http://127.0.0.1:9' })))
  expect([status, body.error]).toEqual([503, 'temporarily_unavailable'])
})

test('a handle always stays with its person, and a disabled person gets no token', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  await control.client().users.put({ ...alice, subject: 'somebody else' })
  const taken = await asked(control, exchange(await idp.sign()))
  expect([taken.status, taken.body.error]).toEqual([400, 'invalid_grant'])

  const bob = { claims: { sub: 'b', preferred_username: 'bob' } }
  expect((await asked(control, exchange(await idp.sign(bob)))).status).toBe(200)
  await control.client().users.setDisabled({ handle: 'bob', disabled: true })
  const disabled = await asked(control, exchange(await idp.sign(bob)))
  expect(disabled).toMatchObject({ status: 400, body: { error: 'invalid_grant', error_description: expect.stringContaining('disabled') } })
  expect((await asked(control, bearer(await control.assertion({ person: 'bob' })))).status).toBe(400)
})

test('every token makes an audit record with person, client, audience and jti, and no new revision', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  await asked(control, exchange(await idp.sign()))
  const { claims } = await asked(control, exchange(await idp.sign(), { resource: `${ISSUER}/api` }))
  const { items } = await control.client().audit.search({ kind: 'change' })
  const issues = items.filter(({ method }) => method === 'tokens.issue')
  expect(issues).toHaveLength(2)
  expect(issues[0]).toMatchObject({ user: 'alice', actor: null, detail: 'alice' })

  const { records } = await control.client().audit.chain({ plane: issues[0]?.plane ?? '', afterSeq: (issues[0]?.seq ?? 1) - 1 })
  const detail = `client bir, for ${ISSUER}/api, 600 s, jti ${claims.jti}`
  expect(JSON.parse(records[0]?.args ?? '')).toEqual({ action: 'tokens.issue', target: 'alice', detail })
  expect((await control.client().snapshot.status()).revision).toBe(claims['rev'])
  expect(await control.db.selectFrom('dirty').selectAll().execute()).toEqual([])
})

test('the operator gets a token to act for a person, and the token says who acts', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const { status, claims } = await asked(control, bearer(await control.assertion({ person: 'alice' })))
  expect(status).toBe(200)
  expect(claims).toMatchObject({ aud: `${MCP_URL}/mcp`, act: { sub: 'operator:tester' } })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(8 * 3600)
  const { items } = await control.client().audit.search({ kind: 'change', first: 1 })
  expect(items).toMatchObject([{ actor: 'operator:tester', method: 'tokens.issue', detail: 'alice' }])

  await control.client().servers.put({ id: 'charts', kind: 'mounted' })
  const short = await asked(
    control,
    bearer(await control.assertion({ person: 'alice' }), { requested_token_lifetime: '90', resource: `${MCP_URL}/mcp/charts` }),
  )
  expect((short.claims.exp ?? 0) - (short.claims.iat ?? 0)).toBe(90)
  expect(short.claims.aud).toBe(`${MCP_URL}/mcp/charts`)
})

test('an unknown server and an unknown person get different errors, and no token is recorded', async () => {
  await using made = await aGateway()
  const { control, idp } = made
  await control.client().users.put(alice)
  const resource = `${MCP_URL}/mcp/nosuch`
  const answers = [
    await asked(control, exchange(await idp.sign(), { resource })),
    await asked(control, bearer(await control.assertion({ person: 'alice' }), { resource })),
    await asked(control, bearer(await control.assertion({ person: 'nobody' }))),
    await asked(control, exchange('rubbish', { resource })),
  ]
  expect(answers.map(({ status, body }) => [status, body.error])).toEqual([
    [400, 'invalid_target'],
    [400, 'invalid_target'],
    [400, 'invalid_grant'],
    [400, 'invalid_grant'],
  ])
  expect(answers[2]?.body).toMatchObject({ reason: 'unknown_person' })
  const { items } = await control.client().audit.search({ kind: 'change' })
  expect(items.filter(({ method }) => method === 'tokens.issue')).toEqual([])
})

test('an invalid assertion is refused', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const person = 'alice'
  const used = await control.assertion({ person })
  expect((await asked(control, bearer(used))).status).toBe(200)
  const assertions: [string, string, Record<string, string>?][] = [
    ['used before', used],
    ['expired', await control.assertion({ person, exp: -120 })],
    ['too long', await control.assertion({ person, exp: 3600 })],
    ['of another key', await control.assertion({ person, key: generateKeyPairSync('ed25519').privateKey })],
    ['for another gateway', await control.assertion({ person, aud: 'http://other.test' })],
    ['of another kind', await control.assertion({ person, typ: 'JWT' })],
    ['for nobody', await control.assertion()],
    ['for somebody unknown', await control.assertion({ person: 'mallory' })],
    ['with a life of zero', await control.assertion({ person }), { requested_token_lifetime: '0' }],
    ['with a life of a year', await control.assertion({ person }), { requested_token_lifetime: String(365 * 24 * 3600) }],
    ['through a proxy', await control.assertion({ person })],
  ]
  for (const [what, assertion, more] of assertions) {
    const init = what === 'through a proxy' ? { headers: { 'x-forwarded-for': '203.0.113.7' } } : {}
    expect([what, (await asked(control, bearer(assertion, more), init)).status]).toEqual([what, 400])
  }
})

test('there is no operator outside stage local, or without an operator key', async () => {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const operatorKey = { kty: 'OKP', crv: 'Ed25519', x }
  const request = { isLocal: true, method: 'POST', path: '/oauth/token' }
  const verify = (parts: { stage: string; operatorKey?: typeof operatorKey }, of = request) =>
    expect(createOperatorVerifier({ issuer: ISSUER, ...parts }).verify('a.b.c', of)).rejects
  await verify({ stage: 'prod', operatorKey }).toThrow('takes no operator')
  await verify({ stage: 'local' }).toThrow('takes no operator')
  await verify({ stage: 'local', operatorKey }, { ...request, isLocal: false }).toThrow('this machine')
})

test('of many requests with the same assertion at once, exactly one gets a token', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const form = bearer(await control.assertion({ person: 'alice' }))
  const answers = await Promise.all(Array.from({ length: 8 }, () => asked(control, form)))
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400, 400, 400, 400, 400, 400])
})

test('a waiting plane learns of a revoked token with the next revision', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  const waiting = plane.poll(revision, 20)
  const jti = randomUUID()
  expect(await control.client().tokens.revoke({ jti })).toEqual({ revision: revision + 1 })
  for (const id of ['nope', randomUUID().toUpperCase(), `${randomUUID()} `]) {
    await expect(control.client().tokens.revoke({ jti: id })).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(control.client().tokens.revoke({ sid: id })).rejects.toMatchObject({ code: 'invalid_input' })
  }
  expect((await waiting).typ).toBe('bir-manifest+jwt')
  const { chunks } = await plane.manifest()
  expect(JSON.parse((await plane.chunk(chunks.revocations)).bytes.toString())).toMatchObject({ tokens: [jti] })
})

test('the metadata is the same at both URLs, open to every origin, and lists only what is served', async () => {
  await using control = await aRunningControlPlane()
  const at = async (path: string) => {
    const response = await control.get(path, { headers: { origin: 'https://inspector.example' } })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    return response.json()
  }
  const document = await at('/.well-known/oauth-authorization-server')
  expect(document).toMatchObject({ issuer: ISSUER, token_endpoint: `${ISSUER}/oauth/token`, jwks_uri: `${ISSUER}/oauth/jwks` })
  expect(await at('/.well-known/openid-configuration')).toEqual(document)
  const { keys } = (await (await control.get('/oauth/jwks')).json()) as { keys: Record<string, string>[] }
  expect(keys).toHaveLength(2)
  for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
})

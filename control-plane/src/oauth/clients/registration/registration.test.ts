import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { aRunningControlPlane } from '../../../internal/testing.ts'
import type { TestControlPlane } from '../../../internal/testing.ts'
import { sweepAttempts } from '../../attempts/attempts.ts'
import { sweepClients } from '../stored-client.ts'
import { clientsOfAGateway } from '../testing.ts'
import { makeRoom } from './room.ts'

const native = { client_name: 'An assistant', redirect_uris: ['http://localhost:3000/callback'], token_endpoint_auth_method: 'none' }

async function send(control: TestControlPlane, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await control.get(path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

const register = (control: TestControlPlane, metadata: unknown, headers?: Record<string, string>) =>
  send(control, 'POST', '/oauth/register', metadata, headers)

test('a client registers itself from a page of any origin; of its secrets only hashes are stored', async () => {
  await using control = await aRunningControlPlane()
  const { status, headers, body } = await register(
    control,
    { ...native, logo_uri: 'http://10.0.0.1/x', software_id: 'x', contacts: 7 },
    { origin: 'https://page.example' },
  )
  expect(status).toBe(201)
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    client_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    client_id_issued_at: expect.any(Number),
    client_name: 'An assistant',
    redirect_uris: ['http://localhost:3000/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    scope: 'mcp',
    registration_client_uri: `http://control.test/oauth/register/${String(body['client_id'])}`,
    registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
  })
  const secret = await register(control, { redirect_uris: ['https://app.example/cb'] })
  expect(secret.body).toMatchObject({
    client_name: 'app.example',
    token_endpoint_auth_method: 'client_secret_basic',
    application_type: 'web',
    client_secret: expect.stringMatching(/^[\w-]{43}$/),
    client_secret_expires_at: 0,
  })
  const stored = JSON.stringify(await control.db.selectFrom('oauth_clients').selectAll().execute())
  for (const hidden of [body['registration_access_token'], secret.body['client_secret']]) expect(stored).not.toContain(hidden)
  expect(JSON.stringify(control.events)).not.toContain(secret.body['client_secret'])
})

const refusals: [string, unknown, string, string][] = [
  ['no redirect URI', { client_name: 'x' }, 'invalid_redirect_uri', 'redirect_uris is needed'],
  [
    'a script',
    { ...native, redirect_uris: ['javascript:alert(1)'] },
    'invalid_redirect_uri',
    'redirect_uris[0] has the scheme javascript:',
  ],
  [
    'http:// elsewhere',
    { ...native, redirect_uris: ['https://a.example/', 'http://a.example/'] },
    'invalid_redirect_uri',
    'redirect_uris[1] may be http://',
  ],
  [
    'too many of them',
    { ...native, redirect_uris: Array.from({ length: 33 }, (_, n) => `https://a.example/${n}`) },
    'invalid_redirect_uri',
    'more than 32',
  ],
  ['web on the loopback', { ...native, application_type: 'web' }, 'invalid_redirect_uri', 'register as native'],
  ['web with an own scheme', { redirect_uris: ['cursor://x/y'], application_type: 'web' }, 'invalid_redirect_uri', 'register as native'],
  [
    'web at https://localhost',
    { redirect_uris: ['https://localhost/cb'], application_type: 'web' },
    'invalid_redirect_uri',
    'register as native',
  ],
  ['another kind', { ...native, application_type: 'tv' }, 'invalid_client_metadata', 'must be web or native'],
  [
    'another method',
    { ...native, token_endpoint_auth_method: 'client_secret_jwt' },
    'invalid_client_metadata',
    'must be one of none, client_secret_basic',
  ],
  ['a method of certificates', { ...native, token_endpoint_auth_method: 'tls_client_auth' }, 'invalid_client_metadata', 'must be one of'],
  [
    'only foreign grants',
    { ...native, grant_types: ['password', 'implicit', 'client_credentials'] },
    'invalid_client_metadata',
    'grant_types names none',
  ],
  ['no code', { ...native, response_types: ['token'] }, 'invalid_client_metadata', 'response_types must hold code'],
  [
    'keys that are missing',
    { ...native, token_endpoint_auth_method: 'private_key_jwt' },
    'invalid_client_metadata',
    'either jwks or jwks_uri',
  ],
  [
    'a private key',
    { ...native, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA' }] } },
    'invalid_client_metadata',
    'holds a private or a shared key',
  ],
  [
    'a shared key',
    { ...native, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'AA' }] } },
    'invalid_client_metadata',
    'holds a private or a shared key',
  ],
  [
    'keys over http://',
    { ...native, token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://10.0.0.1/keys' },
    'invalid_client_metadata',
    'jwks_uri must be an https:// URL',
  ],
  ['a name that does not show', { ...native, client_name: 'Claude\u200b\u202e' }, 'invalid_client_metadata', 'client_name holds'],
  ['half a character', '{"client_name":"\\ud800","redirect_uris":["http://localhost/"]}', 'invalid_client_metadata', 'client_name holds'],
  ['U+0000', { ...native, client_name: 'a\0' }, 'invalid_client_metadata', 'client_name holds'],
  ['a name of blanks', { ...native, client_name: '\u3164\u2800' }, 'invalid_client_metadata', 'client_name holds'],
  ['a name under marks', { ...native, client_name: `a${'\u0301'.repeat(152)}` }, 'invalid_client_metadata', 'too many marks'],
  ['a name that is none', { ...native, client_name: 7 }, 'invalid_client_metadata', 'client_name has not the form'],
  ['a list', [native], 'invalid_client_metadata', 'one JSON object'],
  ['no JSON', '{', 'invalid_client_metadata', 'one JSON object'],
]

test('what is wrong with a registration is said by its code and a sentence', async () => {
  await using control = await aRunningControlPlane()
  for (const [what, metadata, error, description] of refusals) {
    await control.db.deleteFrom('attempt_counts').execute()
    const { status, body } = await register(control, metadata)
    expect({ what, status, error: body['error'] }).toEqual({ what, status: 400, error })
    expect(body['error_description'], what).toContain(description)
  }
  const form = await register(control, 'client_name=x', { 'content-type': 'application/x-www-form-urlencoded' })
  expect(form).toMatchObject({ status: 415, body: { error: 'invalid_client_metadata' } })
  expect((await register(control, { ...native, client_name: 'x'.repeat(40_000) })).status).toBe(413)
  expect(await control.db.selectFrom('oauth_clients').select('client_id').execute()).toEqual([])
})

test('grants that are not served, and those for clients that somebody vouches for, are left out', async () => {
  await using control = await aRunningControlPlane()
  const { body } = await register(control, {
    ...native,
    grant_types: ['authorization_code', 'implicit', 'client_credentials', 'refresh_token'],
  })
  expect(body).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'] })
  const device = await register(control, {
    client_name: 'tv',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    token_endpoint_auth_method: 'none',
  })
  expect(device.body).toMatchObject({ redirect_uris: [], response_types: [] })
})

test('with its token a client reads, replaces and deletes its registration', async () => {
  await using control = await aRunningControlPlane()
  const { body: made } = await register(control, native)
  const { client_id: id } = made
  const path = `/oauth/register/${String(id)}`
  const authorization = `Bearer ${String(made['registration_access_token'])}`

  const { registration_access_token: _, ...known } = made
  expect(await send(control, 'GET', path, undefined, { authorization })).toMatchObject({ status: 200, body: known })

  const changed = {
    client_id: id,
    client_name: 'Another',
    redirect_uris: ['https://app.example/cb'],
    token_endpoint_auth_method: 'client_secret_post',
  }
  const answer = await send(control, 'PUT', path, changed, { authorization })
  expect(answer).toMatchObject({
    status: 200,
    body: { client_name: 'Another', redirect_uris: ['https://app.example/cb'], client_secret: expect.any(String) },
  })
  const again = await send(control, 'PUT', path, { ...changed, client_secret: answer.body['client_secret'] }, { authorization })
  expect(again.body['client_secret']).toBeUndefined()

  const foreign = [
    { ...changed, client_id: 'bir' },
    { ...changed, client_secret: 'of my choice' },
    { ...changed, client_id_issued_at: 1 },
    { ...changed, redirect_uris: ['data:x'] },
  ]
  for (const body of foreign) expect((await send(control, 'PUT', path, body, { authorization })).status).toBe(400)
  expect((await send(control, 'GET', path, undefined, { authorization })).body).toMatchObject({ redirect_uris: ['https://app.example/cb'] })

  expect((await send(control, 'DELETE', path, undefined, { authorization })).status).toBe(204)
  expect((await send(control, 'GET', path, undefined, { authorization })).status).toBe(401)
  expect(await control.db.selectFrom('oauth_clients').select('client_id').execute()).toEqual([])
})

test('without its own token nobody learns whether a registration is there', async () => {
  await using control = await aRunningControlPlane()
  const { body: one } = await register(control, native)
  const { body: other } = await register(control, native)
  const authorization = `Bearer ${String(other['registration_access_token'])}`
  const answers = []
  for (const [id, headers] of [
    [one['client_id'], { authorization }],
    [one['client_id'], {}],
    ['0'.repeat(32), { authorization }],
    ['..%2f', { authorization }],
  ] as const)
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const {
        status,
        body,
        headers: got,
      } = await send(control, method, `/oauth/register/${String(id)}`, method === 'PUT' ? native : undefined, headers)
      answers.push(JSON.stringify([status, body, got.get('www-authenticate')]))
    }
  expect([...new Set(answers)]).toEqual([
    JSON.stringify([
      401,
      { error: 'invalid_token', error_description: 'The registration access token is missing, or it is not of this client.' },
      'Bearer error="invalid_token"',
    ]),
  ])
  expect(await control.db.selectFrom('oauth_clients').select('client_id').execute()).toHaveLength(2)
})

test('a client that is deleted takes its sessions, codes and consents with it, on every plane', async () => {
  await using control = await aRunningControlPlane()
  const { body } = await register(control, native)
  const client_id = String(body['client_id'])
  const { id: user_id } = await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 's' })
  const sid = randomUUID()
  const later = new Date(Date.now() + 3_600_000)
  await control.db.insertInto('sessions').values({ sid, user_id, kind: 'client', client_id, idle_until: later, until: later }).execute()
  await control.db.insertInto('consents').values({ user_id, client_id, redirect_host: 'localhost', audience: 'x', scope: 'mcp' }).execute()
  const { revision } = await control.client().policy.version({})
  const authorization = `Bearer ${String(body['registration_access_token'])}`
  await send(control, 'DELETE', `/oauth/register/${client_id}`, undefined, { authorization })
  expect(await control.db.selectFrom('revocations').select(['kind', 'id']).execute()).toEqual([{ kind: 'session', id: sid }])
  expect(await control.db.selectFrom('sessions').select('end_reason').execute()).toEqual([{ end_reason: 'client-deleted' }])
  expect(await control.db.selectFrom('consents').select('client_id').execute()).toEqual([])
  expect((await control.client().policy.version({})).revision).toBeGreaterThan(revision)
})

test('twenty registrations a minute from one network, and then Retry-After; other networks are not held up', async () => {
  await using control = await aRunningControlPlane({ TRUSTED_PROXIES: 'loopback' })
  const from = (address: string) => register(control, native, { 'x-forwarded-for': address })
  const flood = await Promise.all(Array.from({ length: 60 }, (_, n) => from(`2001:db8:1:2::${(n + 1).toString(16)}`)))
  const made = flood.filter(({ status }) => status === 201).length
  // A minute may end meanwhile, and the next one begins to count anew.
  expect(made).toBeGreaterThanOrEqual(20)
  expect(made).toBeLessThanOrEqual(40)
  const refused = flood.find(({ status }) => status === 429)
  expect(refused?.body['error']).toBe('slow_down')
  const retryAfterS = Number(refused?.headers.get('retry-after'))
  expect(retryAfterS).toBeGreaterThanOrEqual(1)
  expect(retryAfterS).toBeLessThanOrEqual(60)
  expect((await from('2001:db8:1:3::1')).status).toBe(201)
  expect((await from('198.51.100.7')).status).toBe(201)

  await sweepAttempts(control.db)
  expect((await control.db.selectFrom('attempt_counts').select('key').execute()).length).toBeGreaterThan(0)
  await control.db
    .updateTable('attempt_counts')
    .set({ window_start: new Date(0) })
    .where('key', 'like', '%198.51%')
    .execute()
  await sweepAttempts(control.db)
  expect(await control.db.selectFrom('attempt_counts').select('key').where('key', 'like', '%198.51%').execute()).toEqual([])
})

test('where only listed clients are admitted, only those register whose codes go to a listed host', async () => {
  await using control = await aRunningControlPlane()
  await control.client().policy.apply({ file: { clients: { allow: 'listed', domains: ['claude.ai', '*.example.com'] } } })
  const status = async (redirect_uris: string[]) => (await register(control, { ...native, redirect_uris })).status
  expect(await status(['https://claude.ai/api/mcp/auth_callback'])).toBe(201)
  expect(await status(['https://a.example.com/cb', 'https://b.a.example.com/cb'])).toBe(201)
  expect(await status(['https://claude.ai/cb', 'http://localhost/cb'])).toBe(400)
  expect(await status(['https://example.com/cb'])).toBe(400)
  expect(await status(['https://evilexample.com/cb'])).toBe(400)
  expect(await status(['https://claude.ai.evil.example/cb'])).toBe(400)
  expect(await status(['https://claude.ai:8443/cb'])).toBe(400)
  expect((await register(control, native)).body['error_description']).toContain('admit only clients that they have listed')
})

test('registrations that nobody used go after 90 days, and sooner when there are too many', async () => {
  await using gateway = await clientsOfAGateway()
  const { db } = gateway
  const day = 24 * 3_600_000
  const row = (client_id: string, more: object = {}) => ({
    client_id,
    kind: 'registered' as const,
    name: 'x',
    metadata: '{}',
    made_by: 'registration',
    expires_at: new Date(Date.now() + day),
    ...more,
  })
  const ids = async () =>
    (await db.selectFrom('oauth_clients').select('client_id').orderBy('client_id').execute()).map(({ client_id }) => client_id)
  const old = new Date(Date.now() - day)
  await db
    .insertInto('oauth_clients')
    .values([
      row('expired', { expires_at: new Date(0) }),
      row('old', { made_at: old }),
      row('used', { made_at: old, used_at: old }),
      row('new'),
      { ...row('admin'), kind: 'administered', expires_at: null },
    ])
    .execute()
  await sweepClients(db)
  expect(await ids()).toEqual(['admin', 'new', 'old', 'used'])
  await makeRoom(db, 4)
  expect(await ids()).toEqual(['admin', 'new', 'old', 'used'])
  await makeRoom(db, 3)
  expect(await ids()).toEqual(['admin', 'new', 'used'])
  await expect(makeRoom(db, 2)).rejects.toMatchObject({ status: 503, error: 'temporarily_unavailable' })
})

test('what clients do with their registrations is recorded, and what they are refused', async () => {
  await using control = await aRunningControlPlane()
  const { body } = await register(control, native)
  const path = `/oauth/register/${String(body['client_id'])}`
  const authorization = { authorization: `Bearer ${String(body['registration_access_token'])}` }
  const moved = { ...native, redirect_uris: ['https://assistant.example/callback'] }
  expect((await send(control, 'PUT', path, { ...moved, client_id: body['client_id'] }, authorization)).status).toBe(200)
  expect((await send(control, 'DELETE', path, undefined, { authorization: 'Bearer of-somebody-else' })).status).toBe(401)
  expect((await send(control, 'DELETE', path, undefined, authorization)).status).toBe(204)
  expect((await register(control, { ...native, redirect_uris: ['http://evil.example/'] })).status).toBe(400)

  const { items } = await control.client().audit.search({})
  const records = items.filter(({ method }) => method === 'oauth/register')
  expect(records.map(({ outcome, reason, detail, client }) => ({ outcome, reason, detail, isNamed: client !== null }))).toEqual([
    { outcome: 'refused', reason: 'invalid_redirect_uri', detail: expect.stringContaining('use https://'), isNamed: false },
    { outcome: 'answered', reason: null, detail: 'deleted its registration: “An assistant”, codes go to assistant.example', isNamed: true },
    { outcome: 'refused', reason: 'invalid_token', detail: expect.any(String), isNamed: false },
    { outcome: 'answered', reason: null, detail: 'changed its registration: “An assistant”, codes go to assistant.example', isNamed: true },
    { outcome: 'answered', reason: null, detail: 'registered itself: “An assistant”, codes go to localhost:3000', isNamed: true },
  ])
  expect(JSON.stringify(items)).not.toContain(body['registration_access_token'])
})

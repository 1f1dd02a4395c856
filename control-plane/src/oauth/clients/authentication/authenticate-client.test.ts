import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import { expect, test } from 'vitest'
import { readClientMetadata, REGISTRATION_RULES } from '../client-metadata.ts'
import { createStoredClient } from '../stored-client.ts'
import { aSite, clientsOfAGateway, ISSUER, sendJson } from '../testing.ts'

type Gateway = Awaited<ReturnType<typeof clientsOfAGateway>>

async function aClient({ db }: Gateway, metadata: object) {
  const made = await createStoredClient(db, {
    kind: 'administered',
    metadata: readClientMetadata({ redirect_uris: ['https://app.example/cb'], ...metadata }, REGISTRATION_RULES),
    madeBy: 'test',
  })
  return { id: made.row.client_id, secret: made.secret ?? '' }
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A client with a key, and assertions of it. Each default of an assertion can be changed. */
async function aKeyClient(gateway: Gateway, keysAs: (keys: object[]) => object = (keys) => ({ jwks: { keys } })) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'first' }
  const { id } = await aClient(gateway, { token_endpoint_auth_method: 'private_key_jwt', ...keysAs([jwk]) })
  let jti = 0
  const assertion = (claims: JWTPayload = {}, header: object = {}, key: CryptoKey | Uint8Array = privateKey) => {
    const nowSeconds = Math.floor(Date.now() / 1000)
    return new SignJWT({ iss: id, sub: id, aud: ISSUER, iat: nowSeconds, exp: nowSeconds + 60, jti: `${jti++}`, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'first', ...header })
      .sign(key)
  }
  const authenticate = async (claims?: JWTPayload, header?: object, key?: CryptoKey | Uint8Array) =>
    gateway.authenticate({ client_assertion_type: type, client_assertion: await assertion(claims, header, key) })
  return { id, jwk, privateKey, assertion, authenticate }
}

test('a public client names itself, and that is all it can do', async () => {
  await using gateway = await clientsOfAGateway()
  const { id } = await aClient(gateway, { token_endpoint_auth_method: 'none' })
  expect(await gateway.authenticate({ client_id: id })).toMatchObject({ id, authMethod: 'none' })
  expect(await gateway.authenticate({ client_id: id, client_secret: '' })).toMatchObject({ id })
  expect(await gateway.authenticate({}, basic(id, ''))).toMatchObject({ id })
  expect(await gateway.authenticate({ client_id: 'bir' })).toMatchObject({
    id: 'bir',
    kind: 'built-in',
    redirectUris: expect.arrayContaining(['http://127.0.0.1/callback']),
  })
  await expect(gateway.authenticate({ client_id: id, client_secret: 'x' })).rejects.toMatchObject({
    status: 401,
    error: 'invalid_client',
    message: 'This client has no secret: it is registered with none.',
  })
})

test('a client with a secret sends it in the header or in the form', async () => {
  await using gateway = await clientsOfAGateway()
  const { id, secret } = await aClient(gateway, {})
  expect(await gateway.authenticate({}, basic(id, secret))).toMatchObject({ id, authMethod: 'client_secret_basic' })
  expect(await gateway.authenticate({ client_id: id }, basic(id, secret))).toMatchObject({ id })
  expect(await gateway.authenticate({ client_id: id, client_secret: secret })).toMatchObject({ id })
  await expect(gateway.authenticate({ client_id: id })).rejects.toMatchObject({ error: 'invalid_client', headers: {} })
})

test('id and secret in the header are form-encoded', async () => {
  await using gateway = await clientsOfAGateway()
  const { id, secret } = await aClient(gateway, {})
  const encoded = id.replaceAll(/./g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
  const authorization = `Basic ${Buffer.from(`${encoded}:${secret}`).toString('base64')}`
  expect(await gateway.authenticate({}, { authorization })).toMatchObject({ id })
})

test.for([
  ['two ways at once', (id: string, secret: string) => [{ client_id: id, client_secret: secret }, basic(id, secret)], 'invalid_request'],
  [
    'a secret and an assertion',
    (id: string, secret: string) => [{ client_id: id, client_secret: secret, client_assertion: 'x', client_assertion_type: type }, {}],
    'invalid_request',
  ],
  ['another client_id beside the header', (id: string, secret: string) => [{ client_id: 'bir' }, basic(id, secret)], 'invalid_request'],
  [
    'the id twice',
    (id: string, secret: string) => [
      new URLSearchParams([
        ['client_id', id],
        ['client_id', 'bir'],
        ['client_secret', secret],
      ]),
      {},
    ],
    'invalid_request',
  ],
  ['an assertion without its type', (id: string) => [{ client_id: id, client_assertion: 'x' }, {}], 'invalid_request'],
  ['a wrong secret', (id: string) => [{ client_id: id, client_secret: 'wrong' }, {}], 'invalid_client'],
  ['nothing', () => [{}, {}], 'invalid_client'],
  ['a client that there is not', (_: string, secret: string) => [{ client_id: 'nobody', client_secret: secret }, {}], 'invalid_client'],
  ['an id that no database can hold', () => [{ client_id: 'a\0b' }, {}], 'invalid_client'],
  ['a malformed header', () => [{}, { authorization: 'Basic ???' }], 'invalid_client'],
  ['a header without a colon', () => [{}, { authorization: `Basic ${Buffer.from('abc').toString('base64')}` }], 'invalid_client'],
  [
    'a header that is not form-encoded',
    () => [{}, { authorization: `Basic ${Buffer.from('%zz:x').toString('base64')}` }],
    'invalid_client',
  ],
] as [string, (id: string, secret: string) => [Record<string, string> | URLSearchParams, Record<string, string>], string][])(
  'a request with %s is refused',
  async ([, request, error]) => {
    await using gateway = await clientsOfAGateway()
    const { id, secret } = await aClient(gateway, {})
    await expect(gateway.authenticate(...request(id, secret))).rejects.toMatchObject({ error })
  },
)

test('whoever tried with the header is told with which scheme', async () => {
  await using gateway = await clientsOfAGateway()
  const { id } = await aClient(gateway, {})
  await expect(gateway.authenticate({}, basic(id, 'wrong'))).rejects.toMatchObject({
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="oauth", charset="UTF-8"' },
  })
})

test('after ten wrong secrets in a minute from one network further wrong ones are held up there, and the right one never is', async () => {
  await using gateway = await clientsOfAGateway()
  const { id, secret } = await aClient(gateway, {})
  const from = (address: string, client_secret: string) =>
    gateway.authenticate({ client_id: id, client_secret }, { 'x-test-address': address })
  const refusals: unknown[] = []
  // A new minute may begin meanwhile: one of two minutes has more than ten all the same.
  for (let n = 0; n < 22; n++) refusals.push(await from(`2001:db8:1:2::${n}`, 'wrong').catch((error: unknown) => error))
  const heldUp = { status: 429, error: 'invalid_client', headers: { 'retry-after': expect.stringMatching(/^[1-9]\d?$/) } }
  expect(refusals).toContainEqual(expect.objectContaining(heldUp))
  expect(await from('2001:db8:1:2::ff', secret)).toMatchObject({ id })
  await expect(from('2001:db8:1:3::1', 'wrong')).rejects.toMatchObject({ status: 401 })
})

test('a client with a key signs an assertion for the issuer or the token endpoint, once', async () => {
  await using gateway = await clientsOfAGateway()
  const client = await aKeyClient(gateway)
  expect(await client.authenticate()).toMatchObject({ id: client.id, authMethod: 'private_key_jwt' })
  expect(await client.authenticate({ aud: `${ISSUER}/oauth/token` })).toMatchObject({ id: client.id })
  expect(await client.authenticate({ aud: [ISSUER] })).toMatchObject({ id: client.id })
  const form = { client_assertion_type: type, client_assertion: await client.assertion(), client_id: client.id }
  expect(await gateway.authenticate(form)).toMatchObject({ id: client.id })
  await expect(gateway.open().authenticateClient(new URLSearchParams(form), { headers: {} } as never)).rejects.toMatchObject({
    error: 'invalid_client',
    message: 'The client_assertion is refused: it was used before: make a new one for each request.',
  })
})

test('what is wrong with an assertion is said, and its jti is not used up', async () => {
  await using gateway = await clientsOfAGateway()
  const client = await aKeyClient(gateway)
  const other = await aKeyClient(gateway)
  const rsa = await generateKeyPair('RS256')
  const shared = new TextEncoder().encode(JSON.stringify(client.jwk))
  const nowSeconds = Math.floor(Date.now() / 1000)
  const jti = 'the-only-one'
  const refused: [string, Parameters<typeof client.authenticate>][] = [
    ['aud must be', [{ jti, aud: 'https://elsewhere.example' }]],
    ['aud must be', [{ jti, aud: [ISSUER, 'https://elsewhere.example'] }]],
    ['claim aud is missing', [{ jti, aud: undefined as unknown as string }]],
    ['expire within 5 minutes', [{ jti, exp: nowSeconds + 3_600 }]],
    ['has expired', [{ jti, exp: nowSeconds - 60 }]],
    ['claim exp is missing', [{ jti, exp: undefined as unknown as number }]],
    ['from the future', [{ jti, iat: nowSeconds + 120 }]],
    ['claim jti is missing', [{ jti: undefined as unknown as string }]],
    ['needs a jti', [{ jti: 'x'.repeat(300) }]],
    ['iss and sub', [{ jti, iss: 'bir' }]],
    ['not of any key', [{ jti }, {}, other.privateKey]],
    ['not of any key', [{ jti }, { kid: 'other' }]],
    ['not of any key', [{ jti }, { alg: 'RS256' }, rsa.privateKey]],
    ['alg must be one of', [{ jti }, { alg: 'HS256' }, shared]],
    ['header jwk names a key', [{ jti }, { jwk: other.jwk }, other.privateKey]],
    ['header jku names a key', [{ jti }, { jku: 'https://elsewhere.example/keys' }]],
    ['header x5u names a key', [{ jti }, { x5u: 'https://elsewhere.example/cert' }]],
    ['header x5c names a key', [{ jti }, { x5c: ['AA'] }]],
    ['another kind of token', [{ jti }, { typ: 'at+jwt' }]],
    ['another kind of token', [{ jti }, { typ: 'oauth-id-jag+jwt' }]],
    ['another kind of token', [{ jti }, { typ: 'bir-operator+jwt' }]],
  ]
  for (const [fault, [claims, header, key]] of refused)
    await expect(client.authenticate(claims, header, key), fault).rejects.toMatchObject({
      status: 401,
      error: 'invalid_client',
      message: expect.stringContaining(fault),
    })
  const [header = '', payload = ''] = (await client.assertion({ jti })).split('.')
  const none = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: 'none' })).toString(
    'base64url',
  )
  for (const text of [`${none}.${payload}.`, 'x', 'a.b.c', ''.padEnd(10_000, 'a.')])
    await expect(gateway.authenticate({ client_assertion_type: type, client_assertion: text })).rejects.toMatchObject({
      error: 'invalid_client',
    })
  await expect(
    gateway.authenticate({ client_id: other.id, client_assertion_type: type, client_assertion: await client.assertion({ jti }) }),
  ).rejects.toMatchObject({
    message: 'The client_assertion is refused: it is of another client than client_id says.',
  })
  expect(await client.authenticate({ jti })).toMatchObject({ id: client.id })
})

test('a client with a secret cannot sign, and one with a key has no secret', async () => {
  await using gateway = await clientsOfAGateway()
  const client = await aKeyClient(gateway)
  await expect(gateway.authenticate({ client_id: client.id, client_secret: 'x' })).rejects.toMatchObject({
    message: expect.stringContaining('has no secret'),
  })
  await expect(gateway.authenticate({ client_id: client.id })).rejects.toMatchObject({
    message: expect.stringContaining('must authenticate'),
  })
  const { id } = await aClient(gateway, {})
  await expect(client.authenticate({ iss: id, sub: id })).rejects.toMatchObject({ message: expect.stringContaining('has no keys') })
})

test('keys without a kid are all tried', async () => {
  await using gateway = await clientsOfAGateway()
  const another = await exportJWK((await generateKeyPair('ES256')).publicKey)
  const client = await aKeyClient(gateway, (keys) => ({ jwks: { keys: [another, ...keys.map((key) => ({ ...key, kid: undefined }))] } }))
  expect(await client.authenticate({}, { kid: undefined })).toMatchObject({ id: client.id })
  const stranger = await generateKeyPair('ES256')
  await expect(client.authenticate({}, { kid: undefined }, stranger.privateKey)).rejects.toMatchObject({
    message: expect.stringContaining('not of any key'),
  })
})

test('keys at an address are fetched under the rules of documents', async () => {
  const keys: object[] = []
  await using site = await aSite((_, response) => sendJson(response, { keys }))
  await using gateway = await clientsOfAGateway()
  const client = await aKeyClient(gateway, (its) => {
    keys.push(...its)
    return { jwks_uri: `${site.url}/keys` }
  })
  await expect(client.authenticate()).rejects.toMatchObject({
    error: 'temporarily_unavailable',
    message: 'The keys of the client cannot be used: its host cannot be reached from here, or has no public address.',
  })
  expect(site.requests).toEqual([])
  await gateway.policy({ metadataHosts: [site.host] })
  expect(await client.authenticate()).toMatchObject({ id: client.id })
  expect(await client.authenticate()).toMatchObject({ id: client.id })
  expect(site.requests).toHaveLength(1)

  const inside = await aKeyClient(gateway, () => ({ jwks_uri: 'https://169.254.169.254/keys' }))
  await expect(inside.authenticate()).rejects.toMatchObject({
    message: 'The keys of the client cannot be used: its host cannot be reached from here, or has no public address.',
  })
})

test('a client that registered itself lives on when it is used', async () => {
  await using gateway = await clientsOfAGateway()
  const metadata = readClientMetadata({ redirect_uris: ['http://localhost/cb'], token_endpoint_auth_method: 'none' }, REGISTRATION_RULES)
  const { row } = await createStoredClient(gateway.db, { kind: 'registered', metadata, madeBy: 'registration' })
  const soon = new Date(Date.now() + 60_000)
  await gateway.db.updateTable('oauth_clients').set({ expires_at: soon }).execute()
  await gateway.authenticate({ client_id: row.client_id })
  const { expires_at } = await gateway.db.selectFrom('oauth_clients').select('expires_at').executeTakeFirstOrThrow()
  expect(expires_at?.getTime()).toBeGreaterThan(Date.now() + 80 * 24 * 3_600_000)

  await gateway.db
    .updateTable('oauth_clients')
    .set({ expires_at: new Date(Date.now() - 1) })
    .execute()
  await expect(gateway.authenticate({ client_id: row.client_id })).rejects.toMatchObject({
    error: 'invalid_client',
    message: expect.stringContaining('register it again'),
  })
})

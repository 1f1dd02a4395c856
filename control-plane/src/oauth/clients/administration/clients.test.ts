import { randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { aControlPlane } from '../../../testing.ts'
import { clientFinder } from '../find-client.ts'
import { createDocuments } from '../documents.ts'
import { isSecret } from '../secret.ts'
import { approve } from './approve.ts'
import { create, list, remove } from './clients.ts'
import { rotate } from './rotate.ts'
import { setDisabled } from '../../../users/users.ts'

const page = { first: 10 }
const redirectUris = ['https://desk.example/cb']
/** Public keys, as many as are asked for. */
async function publicKeys(count: number) {
  const pairs = await Promise.all(Array.from({ length: count }, () => generateKeyPair('ES256')))
  return Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)))
}
const jwks = { keys: await publicKeys(1) }

async function withClients() {
  const it = await aControlPlane()
  const documents = createDocuments({ db: it.db, fetchJson: () => Promise.reject(new Error('nothing is fetched here')) })
  const find = clientFinder({ db: it.db, documents })
  const hashOf = async (clientId: string) =>
    (await it.db.selectFrom('oauth_clients').select('secret_hash').where('client_id', '=', clientId).executeTakeFirst())?.secret_hash ??
    undefined
  return { ...it, find: (clientId: string) => find(clientId, '192.0.2.1'), hashOf }
}

test('an administrator creates a client; its secret is in the answer alone, and the record says what was made', async () => {
  await using it = await withClients()
  const open = await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris })
  expect(open).toEqual({ clientId: expect.stringMatching(/^[0-9a-f]{32}$/), handle: 'desk', clientSecret: null })
  const closed = await create(it.ctx, { name: 'Hall', redirectUris, authMethod: 'client_secret_post' })
  expect(isSecret(String(closed.clientSecret), await it.hashOf(closed.clientId))).toBe(true)
  expect(JSON.stringify([await it.db.selectFrom('oauth_clients').selectAll().execute(), it.recorded])).not.toContain(closed.clientSecret)
  expect(it.recorded).toMatchObject([
    { action: 'clients.create', target: 'desk', detail: expect.stringContaining('none, redirect URIs https://desk.example/cb') },
    { action: 'clients.create', target: 'Hall', detail: expect.stringContaining('client_secret_post') },
  ])
  expect(await it.find(open.clientId)).toMatchObject({
    kind: 'administered',
    name: 'Desk',
    redirectUris,
    authMethod: 'none',
    isApproved: false,
  })
  expect((await list(it.ctx, page)).items.map(({ clientId }) => clientId)).toEqual([open.clientId, closed.clientId].sort())
})

test('the client of a service account signs in without a browser, and brings the account along', async () => {
  await using it = await withClients()
  const { clientId, clientSecret } = await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  expect(clientSecret).not.toBeNull()
  const user = await it.db.selectFrom('users').select(['id', 'kind', 'administrator']).where('handle', '=', 'ci').executeTakeFirstOrThrow()
  expect(user).toMatchObject({ kind: 'service', administrator: false })
  expect(await it.find(clientId)).toMatchObject({ kind: 'service', userId: user.id, redirectUris: [], authMethod: 'client_secret_basic' })
  expect((await it.find(clientId)).grantTypes).toContain('client_credentials')
  expect((await list(it.ctx, { ...page, kind: 'service' })).items).toMatchObject([
    { clientId, handle: 'ci', serviceAccount: 'ci', kind: 'service' },
  ])
  expect((await list(it.ctx, { ...page, kind: 'registered' })).items).toEqual([])
  await expect(create(it.ctx, { name: 'CI', serviceAccount: 'ci' })).rejects.toMatchObject({ code: 'conflict' })
  await create(it.ctx, { name: 'CI', serviceAccount: 'ci', handle: 'ci-2' })
  await it.aPerson('alice')
  await expect(create(it.ctx, { name: 'x', serviceAccount: 'alice' })).rejects.toMatchObject({ code: 'conflict' })
})

test.for([
  [{ name: 'x' }, 'redirect_uris is needed'],
  [{ name: 'x', redirectUris: ['javascript:alert(1)'] }, 'redirect_uris[0] has the scheme javascript:'],
  [{ name: 'x\u202e', redirectUris }, 'client_name holds'],
  [{ name: '\u115f\u1160', redirectUris }, 'client_name holds'],
  [{ name: 'x', redirectUris, authMethod: 'private_key_jwt' }, 'either jwks or jwks_uri'],
  [{ name: 'x', redirectUris, jwks: { keys: [{ kty: 'oct', k: 'AA' }] } }, 'private or a shared key'],
  [{ name: 'x', redirectUris, serviceAccount: 'ci' }, 'without a browser'],
  [{ name: 'x', authMethod: 'none', serviceAccount: 'ci' }, 'must authenticate'],
  [{ name: 'x', postLogoutRedirectUris: redirectUris, serviceAccount: 'ci' }, 'without a browser'],
  [{ name: 'x', redirectUris, postLogoutRedirectUris: ['https://u@desk.example/'] }, 'post_logout_redirect_uris[0]'],
  [{ name: 'x', redirectUris, portal: true }, 'its public key is needed'],
  [{ name: 'x', redirectUris, portal: true, jwksUri: 'https://desk.example/jwks' }, 'its public key is needed'],
  [{ name: 'x', redirectUris, portal: true, jwks, authMethod: 'none' }, 'a portal signs in by private_key_jwt'],
  [{ name: 'x', portal: true, jwks }, 'redirect_uris is needed'],
  [{ name: 'x', portal: true, jwks, serviceAccount: 'ci' }, 'is no portal'],
] as const)('%j makes no client', async ([input, fault]) => {
  await using it = await withClients()
  await expect(create(it.ctx, structuredClone(input) as Parameters<typeof create>[1])).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(fault),
  })
  expect(await it.db.selectFrom('users').select('id').execute()).toEqual([])
})

test('a service account that is disabled gets no client, and the refusal says how it is enabled', async () => {
  await using it = await withClients()
  await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  const again = () => create(it.ctx, { name: 'CI', handle: 'ci-2', serviceAccount: 'ci' })
  const disabled = async () => (await list(it.ctx, page)).items.map((client) => client.disabled)
  expect(await disabled()).toEqual([false])
  await setDisabled(it.ctx, { handle: 'ci', disabled: true })
  expect(await disabled()).toEqual([true])
  const message = 'The service account ci is disabled, so its client could sign in nowhere. Enable it first: run "bir user enable ci".'
  await expect(again()).rejects.toMatchObject({ code: 'conflict', message })
  await setDisabled(it.ctx, { handle: 'ci', disabled: false })
  await it.applied({ serviceAccounts: { other: {} } })
  const declare = expect.stringContaining('declare it under serviceAccounts, or run "bir user enable ci"')
  await expect(again()).rejects.toMatchObject({ code: 'conflict', message: declare })
  await it.applied({ serviceAccounts: { ci: {}, other: {} } })
  expect(await again()).toMatchObject({ handle: 'ci-2' })
})

test('a client may have people sent to its own addresses who signed out', async () => {
  await using it = await withClients()
  const postLogoutRedirectUris = ['https://desk.example/bye']
  const { clientId } = await create(it.ctx, { name: 'Desk', redirectUris, postLogoutRedirectUris })
  expect(await it.find(clientId)).toMatchObject({ postLogoutRedirectUris })
  expect((await list(it.ctx, page)).items).toMatchObject([{ redirectUris, postLogoutRedirectUris }])
})

test('a registration that has expired is listed no more, as nobody finds it', async () => {
  await using it = await withClients()
  const row = { name: 'x', made_by: 'registration', kind: 'registered' as const, metadata: '{"token_endpoint_auth_method":"none"}' }
  await it.db
    .insertInto('oauth_clients')
    .values([
      { ...row, client_id: 'gone', expires_at: new Date(Date.now() - 1000) },
      { ...row, client_id: 'here', expires_at: new Date(Date.now() + 3_600_000) },
    ])
    .execute()
  expect((await list(it.ctx, page)).items.map(({ clientId }) => clientId)).toEqual(['here'])
})

test('a new secret takes the place of the old one at once', async () => {
  await using it = await withClients()
  const made = await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  const renewed = await rotate(it.ctx, { client: 'ci' })
  expect(renewed).toMatchObject({ clientId: made.clientId, handle: 'ci' })
  const hash = await it.hashOf(made.clientId)
  expect([made, renewed].map(({ clientSecret }) => isSecret(String(clientSecret), hash))).toEqual([false, true])
  const open = await create(it.ctx, { name: 'Desk', redirectUris })
  await expect(rotate(it.ctx, { client: open.clientId })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('has no secret'),
  })
  await expect(rotate(it.ctx, { client: 'nobody' })).rejects.toMatchObject({ code: 'not_found' })
})

test('a portal is called by its handle, needs no consent and signs in with its keys alone', async () => {
  await using it = await withClients()
  const made = await create(it.ctx, { name: 'Portal', redirectUris, jwks, portal: true })
  expect(made).toEqual({ clientId: 'portal', handle: 'portal', clientSecret: null })
  const found = { kind: 'administered', isPortal: true, isApproved: true, authMethod: 'private_key_jwt' }
  expect(await it.find('portal')).toMatchObject({ ...found, grantTypes: ['authorization_code', 'refresh_token'] })
  const keys = [await calculateJwkThumbprint(jwks.keys[0] ?? {})]
  expect((await list(it.ctx, page)).items).toMatchObject([{ clientId: 'portal', portal: true, approved: true, keys }])
  await expect(approve(it.ctx, { client: 'portal', approved: false })).rejects.toMatchObject({ code: 'conflict' })
  await expect(create(it.ctx, { name: 'Portal', redirectUris, jwks, portal: true })).rejects.toMatchObject({ code: 'conflict' })
  await expect(create(it.ctx, { name: 'Portal', redirectUris, jwks, portal: true, handle: 'bir' })).rejects.toMatchObject({
    code: 'conflict',
  })
  const other = await create(it.ctx, { name: 'Desk', redirectUris })
  await expect(create(it.ctx, { name: 'Portal', redirectUris, jwks, portal: true, handle: other.clientId })).rejects.toMatchObject({
    code: 'conflict',
  })
  expect((await list(it.ctx, page)).items.find(({ clientId }) => clientId === other.clientId)).toMatchObject({ portal: false, keys: [] })
})

test('new keys take the place of the old ones, of a client whose keys are stored', async () => {
  await using it = await withClients()
  await create(it.ctx, { name: 'Portal', redirectUris, jwks, portal: true })
  const [first, second] = await publicKeys(2)
  expect(await rotate(it.ctx, { client: 'portal', jwks: { keys: [first, second] } })).toEqual({
    clientId: 'portal',
    handle: 'portal',
    clientSecret: null,
  })
  const keys = await Promise.all([first, second].map((key) => calculateJwkThumbprint(key ?? {})))
  expect((await list(it.ctx, page)).items).toMatchObject([{ keys, redirectUris }])
  expect(it.recorded.at(-1)).toMatchObject({ action: 'clients.rotate', detail: `client portal, keys ${keys.join(' ')}` })
  const secret = { keys: [{ kty: 'oct', k: 'AA' }] }
  await expect(rotate(it.ctx, { client: 'portal', jwks: secret })).rejects.toMatchObject({ code: 'invalid_input' })
  await expect(rotate(it.ctx, { client: 'portal' })).rejects.toMatchObject({ message: expect.stringContaining('give its new public ones') })
  await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  await expect(rotate(it.ctx, { client: 'ci', jwks })).rejects.toMatchObject({ message: expect.stringContaining('client_secret_basic') })
  const jwksUri = 'https://desk.example/jwks'
  await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris, jwksUri })
  await expect(rotate(it.ctx, { client: 'desk', jwks })).rejects.toMatchObject({ message: expect.stringContaining(jwksUri) })
})

test('a client that is deleted ends its sessions; the account stays', async () => {
  await using it = await withClients()
  const { clientId } = await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris })
  const alice = await it.aPerson('alice')
  const [sid, later] = [randomUUID(), new Date(Date.now() + 3_600_000)]
  const session = { user_id: alice.id, kind: 'client' as const, idle_until: later, until: later }
  await it.db
    .insertInto('sessions')
    .values([
      { ...session, sid, client_id: clientId },
      { ...session, sid: randomUUID(), client_id: 'other' },
    ])
    .execute()
  expect(await remove(it.ctx, { client: 'desk' })).toMatchObject({ removed: ['1 session'] })
  expect(await it.db.selectFrom('revocations').select(['kind', 'id']).execute()).toEqual([{ kind: 'session', id: sid }])
  await expect(it.find(clientId)).rejects.toMatchObject({ error: 'invalid_client' })
  await expect(remove(it.ctx, { client: 'desk' })).rejects.toMatchObject({ code: 'not_found' })
  await create(it.ctx, { name: 'CI', serviceAccount: 'ci' })
  expect(await remove(it.ctx, { client: 'ci' })).not.toHaveProperty('removed')
  expect(await it.db.selectFrom('users').select('handle').where('kind', '=', 'service').execute()).toEqual([{ handle: 'ci' }])
})

test('the policy admits all clients, or those that it lists; what an administrator created is admitted by that', async () => {
  await using it = await withClients()
  const { clientId } = await create(it.ctx, { name: 'Desk', handle: 'desk', redirectUris })
  const row = { name: 'x', made_by: 'registration', kind: 'registered' as const }
  const metadata = (...redirect_uris: string[]) => JSON.stringify({ redirect_uris, token_endpoint_auth_method: 'none' })
  await it.db
    .insertInto('oauth_clients')
    .values([
      { ...row, client_id: 'listed', metadata: metadata('http://localhost/cb') },
      { ...row, client_id: 'at-home', metadata: metadata('https://claude.ai/cb') },
      { ...row, client_id: 'stranger', metadata: metadata('https://claude.ai/cb', 'http://localhost/cb') },
    ])
    .execute()
  await it.applied({ clients: { allow: 'listed', listed: ['listed'], domains: ['claude.ai'], approved: ['desk', 'claude.ai'] } })
  expect(await it.find('bir')).toMatchObject({ isApproved: false })
  expect(await it.find(clientId)).toMatchObject({ isApproved: true })
  expect(await it.find('listed')).toMatchObject({ isApproved: false })
  expect(await it.find('at-home')).toMatchObject({ isApproved: true })
  await expect(it.find('stranger')).rejects.toMatchObject({
    status: 400,
    error: 'unauthorized_client',
    message: 'The administrators of this gateway admit only clients that they have listed. Ask them to list this one.',
  })
  const { items } = await list(it.ctx, page)
  expect(Object.fromEntries(items.map((item) => [item.handle ?? item.clientId, [item.admitted, item.approved]]))).toEqual({
    desk: [true, true],
    listed: [true, false],
    'at-home': [true, true],
    stranger: [false, false],
  })
  await it.applied({ clients: {} })
  expect(await it.find('stranger')).toMatchObject({ isApproved: false })
})

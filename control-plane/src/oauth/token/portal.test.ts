import { randomUUID } from 'node:crypto'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { ISSUER, MCP_URL } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, TestBrowser, tokens } from '../testing.ts'

const api = `${ISSUER}/api`
const mcp = `${MCP_URL}/mcp`

/** A gateway with a portal, at which people sign in. */
async function aPortalGateway() {
  const gateway = await aSignInGateway()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const administrator = gateway.control.client()
  const portal = { name: 'Portal', portal: true, redirectUris: [REDIRECT_URI], jwks: { keys: [await exportJWK(publicKey)] } }
  await administrator.clients.create(portal)

  async function ask(form: Record<string, string>, key = privateKey) {
    const claims = new SignJWT({ iss: 'portal', sub: 'portal', aud: ISSUER, jti: randomUUID() })
    const assertion = await claims.setProtectedHeader({ alg: 'ES256' }).setIssuedAt().setExpirationTime('1m').sign(key)
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    return tokens(gateway, { client_assertion_type: type, client_assertion: assertion, ...form })
  }
  async function signIn(more: Record<string, string> = {}, browser = new TestBrowser(gateway)) {
    const { path, verifier } = anAuthorization('portal', more)
    const { url } = await browser.go(path, { 'sec-fetch-site': 'cross-site' })
    const code = url.searchParams.get('code') ?? ''
    return ask({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI })
  }
  const renew = (handle: string, resource?: string, key = privateKey) =>
    ask({ grant_type: 'refresh_token', refresh_token: handle, ...(resource === undefined ? {} : { resource }) }, key)
  return { ...gateway, administrator, signIn, renew, [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose]() }
}

test('a portal gets a handle without consent, which stays the same and gives tokens for the API and for every server', async () => {
  await using it = await aPortalGateway()
  const { status, body } = await it.signIn({ resource: mcp })
  expect(status).toBe(200)
  const handle = body.refresh_token
  expect(decodeJwt(body.access_token)).toMatchObject({ aud: api, client_id: 'portal' })
  const asked = [undefined, api, mcp, `${mcp}/sql`, api]
  const answers = await Promise.all(asked.map((resource) => it.renew(handle, resource)))
  expect(answers.map(({ body: { access_token } }) => decodeJwt(access_token).aud)).toEqual([api, api, mcp, `${mcp}/sql`, api])
  for (const answer of answers) expect(answer.body).not.toHaveProperty('refresh_token')
  const sids = answers.map(({ body: { access_token } }) => decodeJwt(access_token)['sid'])
  expect(new Set(sids).size).toBe(1)
  expect((await it.renew(handle, 'https://elsewhere.example/')).body.error).toBe('invalid_target')
  const { items } = await it.administrator.sessions.list({ user: 'alice' })
  expect(items).toContainEqual(expect.objectContaining({ client: 'portal', clientName: 'Portal', sid: sids[0], audience: `${api} ${mcp}` }))
})

test('a handle is worth nothing without the key of the portal', async () => {
  await using it = await aPortalGateway()
  const { body } = await it.signIn()
  const other = await generateKeyPair('ES256')
  expect((await it.renew(body.refresh_token, api, other.privateKey)).body.error).toBe('invalid_client')
  const bare = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
  for (const client_id of ['portal', 'bir']) expect((await tokens(it, { ...bare, client_id })).status).toBeGreaterThanOrEqual(400)
  expect((await it.renew(body.refresh_token)).status).toBe(200)
})

test('the key of a portal can be replaced, and its sessions go on with the new one', async () => {
  await using it = await aPortalGateway()
  const { body } = await it.signIn()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  await it.administrator.clients.rotate({ client: 'portal', jwks: { keys: [await exportJWK(publicKey)] } })
  expect((await it.renew(body.refresh_token)).body.error).toBe('invalid_client')
  expect((await it.renew(body.refresh_token, api, privateKey)).status).toBe(200)
})

test('a handle is void when its session has ended, its person is disabled, or the portal is deleted', async () => {
  await using it = await aPortalGateway()
  const ended = (await it.signIn()).body
  await it.administrator.sessions.end({ sid: String(decodeJwt(ended.access_token)['sid']) })
  expect((await it.renew(ended.refresh_token)).body.error).toBe('invalid_grant')

  const bob = (await it.signIn({}, new TestBrowser(it, 'bob'))).body
  for (const disabled of [true, false]) await it.administrator.users.setDisabled({ handle: 'bob', disabled })
  expect((await it.renew(bob.refresh_token)).body.error).toBe('invalid_grant')

  const last = (await it.signIn()).body
  await it.administrator.clients.delete({ client: 'portal' })
  expect((await it.renew(last.refresh_token)).body.error).toBe('invalid_client')
  expect(await it.control.db.selectFrom('refresh_tokens').select('sid').execute()).toEqual([])
})

test('each use of a handle prolongs its session, which ends when it was not used for session.idleMs', async () => {
  await using it = await aPortalGateway()
  const { body } = await it.signIn()
  const sid = String(decodeJwt(body.access_token)['sid'])
  const row = () => it.control.db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirstOrThrow()
  await it.control.db
    .updateTable('sessions')
    .set({ used_at: new Date(Date.now() - 3_600_000), idle_until: new Date(Date.now() + 60_000) })
    .where('sid', '=', sid)
    .execute()
  await it.renew(body.refresh_token)
  expect((await row()).idle_until.getTime()).toBeGreaterThan(Date.now() + 3_600_000)
  await it.control.db
    .updateTable('sessions')
    .set({ idle_until: new Date(Date.now() - 1) })
    .where('sid', '=', sid)
    .execute()
  expect((await it.renew(body.refresh_token)).body.error).toBe('invalid_grant')
})

test('the session of a portal keeps the browser of the person, and any replica of the portal may use it', async () => {
  await using it = await aPortalGateway()
  await it.administrator.settings.put({ binding: 'both' })
  const browser = new TestBrowser(it)
  browser.headers = { 'user-agent': 'Firefox/150' }
  const { body } = await it.signIn({}, browser)
  const { items } = await it.administrator.sessions.list({ user: 'alice' })
  expect(items.filter(({ client }) => client === 'portal')).toMatchObject([{ userAgent: 'Firefox/150' }])
  expect((await it.renew(body.refresh_token)).status).toBe(200)
})

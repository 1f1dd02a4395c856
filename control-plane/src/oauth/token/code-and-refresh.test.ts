import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { MCP_URL } from '../../internal/testing.ts'
import { anAuthorization, aSignInGateway, registered, signedIn, TestBrowser, tokens } from '../testing.ts'

test('a code is used once: a second time ends what the first gave', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const { form, status, body } = await signedIn(gateway, { clientId })
  expect(status).toBe(200)
  const again = await tokens(gateway, form)
  expect([again.status, again.body.error]).toEqual([400, 'invalid_grant'])
  const refreshed = await tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token })
  expect(refreshed.body.error).toBe('invalid_grant')
  const sid = decodeJwt(body.access_token)['sid']
  const revoked = await gateway.control.db.selectFrom('revocations').select('id').where('kind', '=', 'session').execute()
  expect(revoked).toEqual([{ id: sid }])
})

test('whoever has only the code gets nothing for it, and does not spoil it', async () => {
  await using gateway = await aSignInGateway()
  const [clientId, otherClient] = [await registered(gateway), await registered(gateway)]
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const form = { grant_type: 'authorization_code', client_id: clientId, code: url.searchParams.get('code') ?? '', code_verifier: verifier }
  const wrong = [
    { ...form, code_verifier: 'x'.repeat(43) },
    { ...form, client_id: otherClient },
    { ...form, redirect_uri: 'http://127.0.0.1:1/callback' },
    { ...form, code: `${form.code.slice(0, -1)}_` },
    { ...form, resource: `${MCP_URL.replace('mcp', 'api')}/mcp` },
  ]
  for (const attempt of wrong) expect((await tokens(gateway, attempt)).status).toBe(400)
  expect((await tokens(gateway, form)).status).toBe(200)
})

test('of many requests with one code at once, no two get tokens', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const form = { grant_type: 'authorization_code', client_id: clientId, code: url.searchParams.get('code') ?? '', code_verifier: verifier }
  const answers = await Promise.all(Array.from({ length: 8 }, () => tokens(gateway, form)))
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
})

test('a refresh token is replaced at each use; who asks twice at once gets the same answer', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const { body: first } = await signedIn(gateway, { clientId })
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: first.refresh_token }
  const answers = await Promise.all(Array.from({ length: 6 }, () => tokens(gateway, form)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
  expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
  const second = answers[0]?.body
  expect(second?.refresh_token).not.toBe(first.refresh_token)
  expect(decodeJwt(second?.access_token ?? '')['sid']).toBe(decodeJwt(first.access_token)['sid'])
})

test('a refresh token that was replaced, and whose successor was used, ends the session for everybody who has it', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const { body: first } = await signedIn(gateway, { clientId })
  const refresh = (refresh_token: string) => tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token })
  const second = await refresh(first.refresh_token)
  const third = await refresh(second.body.refresh_token)
  expect(third.status).toBe(200)
  expect((await refresh(first.refresh_token)).body.error).toBe('invalid_grant')
  expect((await refresh(third.body.refresh_token)).body.error).toBe('invalid_grant')
  const { items } = await gateway.control.client().audit.search({ reason: 'refresh-replayed' })
  expect(items).toHaveLength(1)
})

test('a session ends while its token is refreshed: neither waits for the other for ever, and the session stays ended', async () => {
  await using gateway = await aSignInGateway()
  const { db } = gateway.control
  const clientId = await registered(gateway)
  const { body } = await signedIn(gateway, { clientId })
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token }
  const sid = String(decodeJwt(body.access_token)['sid'])
  // The statements of an end, in their order, with a refresh between them.
  const refreshed = await db.transaction().execute(async (trx) => {
    await trx.updateTable('sessions').set({ ended_at: new Date() }).where('sid', '=', sid).execute()
    const running = tokens(gateway, form)
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await waiting.execute(db)).rows.length).toBe(1)
    await trx.deleteFrom('refresh_tokens').where('sid', '=', sid).execute()
    return { running }
  })
  expect((await refreshed.running).body.error).toBe('invalid_grant')
  expect(await db.selectFrom('refresh_tokens').select('sid').where('sid', '=', sid).execute()).toEqual([])
})

test('a refresh token is bound to its client, and a narrower resource is all that it gives besides its own', async () => {
  await using gateway = await aSignInGateway()
  const [clientId, otherClient] = [await registered(gateway), await registered(gateway)]
  const { body } = await signedIn(gateway, { clientId })
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token }
  expect((await tokens(gateway, { ...form, client_id: otherClient })).body.error).toBe('invalid_grant')
  expect((await tokens(gateway, { ...form, resource: 'http://control.test/api' })).body.error).toBe('invalid_target')
  const narrow = await tokens(gateway, { ...form, resource: `${MCP_URL}/mcp/sql` })
  expect(decodeJwt(narrow.body.access_token).aud).toBe(`${MCP_URL}/mcp/sql`)
})

test('a client that the policy admits no more gets no new tokens, and the audit says which it was and why', async () => {
  await using gateway = await aSignInGateway()
  const api = gateway.control.client()
  const clientId = await registered(gateway, { client_name: 'Desk' })
  const withSecret = await registered(gateway, { client_name: 'Hall', token_endpoint_auth_method: 'client_secret_basic' })
  const { body } = await signedIn(gateway, { clientId })
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token }
  await api.policy.apply({ file: { clients: { allow: 'listed', listed: ['another'] } } })
  const refused = await tokens(gateway, form)
  expect(refused).toMatchObject({
    status: 400,
    body: { error: 'unauthorized_client', error_description: expect.stringContaining('The administrators of this gateway admit only') },
  })
  const authorization = `Basic ${Buffer.from(`${withSecret}:secret`).toString('base64')}`
  const sent = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' })
  await gateway.control.get('/oauth/token', { method: 'POST', headers: { authorization }, body: sent })
  const { items } = await api.audit.search({ reason: 'client-not-allowed' })
  expect(items).toMatchObject([
    { method: 'oauth/token', outcome: 'refused', client: withSecret, detail: expect.stringContaining('“Hall”') },
    { method: 'oauth/token', outcome: 'refused', client: clientId, detail: expect.stringContaining('“Desk”') },
  ])

  await api.policy.apply({ file: { clients: {} } })
  expect((await tokens(gateway, form)).status).toBe(200)
})

test('a person who is disabled gets nothing more', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  const { body } = await signedIn(gateway, { clientId })
  await gateway.control.client().users.setDisabled({ handle: 'alice', disabled: true })
  const refreshed = await tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token })
  expect(refreshed.body.error).toBe('invalid_grant')

  // The session is void itself, so nothing of it comes back when the person does.
  await gateway.control.client().users.setDisabled({ handle: 'alice', disabled: false })
  const revoked = await gateway.control.db.selectFrom('revocations').select('id').where('kind', '=', 'session').execute()
  expect(revoked).toEqual([{ id: decodeJwt(body.access_token)['sid'] }])
})

test('who is enabled again in the second in which they were disabled gets tokens that are good', async () => {
  await using gateway = await aSignInGateway()
  const clientId = await registered(gateway)
  await signedIn(gateway, { clientId })
  for (const disabled of [true, false]) await gateway.control.client().users.setDisabled({ handle: 'alice', disabled })
  const { body } = await signedIn(gateway, { clientId })
  const { epoch } = await gateway.control.db.selectFrom('users').select('epoch').where('handle', '=', 'alice').executeTakeFirstOrThrow()
  expect(decodeJwt(body.access_token).iat).toBeGreaterThanOrEqual(Number(epoch))
  const refreshed = await tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token })
  expect(refreshed.status).toBe(200)
})

test('a client revokes its session by either token, and nobody else does', async () => {
  await using gateway = await aSignInGateway()
  const [clientId, otherClient] = [await registered(gateway), await registered(gateway)]
  const { body } = await signedIn(gateway, { clientId })
  const revoke = (client_id: string, token: string) =>
    gateway.control.get('/oauth/revoke', { method: 'POST', body: new URLSearchParams({ client_id, token }) })
  expect((await revoke(otherClient, body.refresh_token)).status).toBe(200)
  const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token }
  const refreshed = await tokens(gateway, refresh)
  expect(refreshed.status).toBe(200)
  expect((await revoke(clientId, refreshed.body.access_token)).status).toBe(200)
  expect((await tokens(gateway, { ...refresh, refresh_token: refreshed.body.refresh_token })).status).toBe(400)
})

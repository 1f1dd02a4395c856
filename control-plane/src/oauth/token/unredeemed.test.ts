import { expect, test } from 'vitest'
import { ISSUER, MCP_URL } from '../../internal/testing.ts'
import { sweepSessions } from '../../sessions/sweep.ts'
import { waitingForLocks } from '../../testing.ts'
import { anAuthorization, aSignInGateway, REDIRECT_URI, registered, TestBrowser, tokens } from '../testing.ts'

const minuteMs = 60_000

/** A client to which alice consented. It holds a code, and has not fetched tokens. */
async function consented() {
  const gateway = await aSignInGateway()
  const { db } = gateway.control
  const clientId = await registered(gateway)
  const browser = new TestBrowser(gateway)
  const { path, verifier } = anAuthorization(clientId)
  const { url } = await browser.submit(await browser.go(path), { decision: 'allow' })
  const code = url.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: REDIRECT_URI, code, code_verifier: verifier }
  const redeem = (more: Record<string, string> = {}) => tokens(gateway, { ...form, ...more })
  const clients = async () =>
    (await gateway.control.client().sessions.list({ user: 'alice' })).items
      .filter(({ kind }) => kind === 'client')
      .map(({ client }) => client)
  return { gateway, db, clientId, browser, redeem, clients, [Symbol.asyncDispose]: gateway[Symbol.asyncDispose] }
}

test('a session whose code nobody redeems ends with the code; the browser stays signed in', async () => {
  await using it = await consented()
  await sweepSessions(it.db, Date.now())
  expect(await it.clients(), 'the code is still good').toEqual([it.clientId])
  await sweepSessions(it.db, Date.now() + 2 * minuteMs)
  expect(await it.clients()).toEqual([])
  const { items } = await it.gateway.control.client().sessions.list({ user: 'alice' })
  expect(items.map(({ kind }) => kind)).toEqual(['browser'])
  expect(await it.redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

test('a session whose code was redeemed goes on after the code, and ends when the code comes again', async () => {
  await using it = await consented()
  expect((await it.redeem()).status).toBe(200)
  await sweepSessions(it.db, Date.now() + 2 * minuteMs)
  expect(await it.clients()).toEqual([it.clientId])
  expect((await it.redeem()).status).toBe(400)
  expect(await it.clients()).toEqual([])
})

test('a code that came too late, or for a resource that it is not for, gives nothing and leaves no session', async () => {
  await using it = await consented()
  expect((await it.redeem({ resource: `${ISSUER}/api` })).body.error).toBe('invalid_target')
  await it.db
    .updateTable('authorization_codes')
    .set({ expires_at: new Date(Date.now() - minuteMs) })
    .execute()
  expect((await it.redeem({ resource: `${MCP_URL}/mcp` })).body.error).toBe('invalid_grant')
  await sweepSessions(it.db, Date.now())
  expect(await it.clients()).toEqual([])
})

test('a code that expires while its redemption is held up gives nothing, and the audit has why', async () => {
  await using it = await consented()
  let redeeming: ReturnType<typeof it.redeem> | undefined
  await it.db.transaction().execute(async (trx) => {
    await trx
      .updateTable('authorization_codes')
      .set({ expires_at: new Date(Date.now() - minuteMs) })
      .execute()
    redeeming = it.redeem()
    // It found the code good, and waits to use it.
    await expect.poll(() => waitingForLocks(it.db)).toBe(1)
  })
  expect(await redeeming).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  const { items } = await it.gateway.control.client().audit.search({ reason: 'code-expired' })
  expect(items).toMatchObject([{ user: 'alice', outcome: 'refused' }])
  await sweepSessions(it.db, Date.now())
  expect(await it.clients()).toEqual([])
})

test('a device that never fetches what a person approved has no session', async () => {
  await using it = await consented()
  const asked = await it.gateway.control.get('/oauth/device', { method: 'POST', body: new URLSearchParams({ client_id: 'bir' }) })
  const { device_code, user_code } = (await asked.json()) as { device_code: string; user_code: string }
  await it.browser.submit(await it.browser.go(`/oauth/device?user_code=${user_code}`), { decision: 'allow' })
  expect(await it.clients()).toContain('bir')
  const poll = (more = {}) =>
    tokens(it.gateway, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: 'bir', device_code, ...more })
  expect((await poll({ resource: `${ISSUER}/api` })).body.error, 'the code is not spent by it').toBe('invalid_target')
  await sweepSessions(it.db, Date.now() + 11 * minuteMs)
  expect(await it.clients()).toEqual([])
  expect((await poll()).body.error).toBe('invalid_grant')
})

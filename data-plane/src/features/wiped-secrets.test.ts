import { expect, test } from 'vitest'
import { aPlaneWithDesk, tokens, usable } from '../testing/desk.ts'
import { ALICE, DAVE, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import type { PolicyParts } from '../testing/policy.ts'

const daves = { [DAVE]: { desk: usable } }
const jti = '01980000-0000-7000-8000-000000000001'

/** A call of alice, by the token that a loss is about. */
async function callOfAlice(plane: TestPlane, claims: Record<string, unknown> = { jti, sid: 's1' }) {
  const request = modernRequest(await plane.token({ ...claims, lateS: 60 }), 'tools/call', { name: 'get_desk', arguments: {} })
  const response = await fetch(`${plane.url}/mcp/desk`, request)
  return { status: response.status, text: await response.text() }
}

const nowS = () => Math.floor(Date.now() / 1000)

test.for<[string, PolicyParts, number, string, number]>([
  ['their person is disabled', { disabled: ['alice'] }, 403, 'This account is disabled', 1],
  ['their session is revoked', { revoked: { sessions: ['s1'] } }, 401, '-31401', 1],
  ['their token is revoked', { revoked: { tokens: [jti] } }, 401, '-31401', 1],
  ['all tokens of their person are revoked', { revoked: { epochs: { [ALICE]: nowS() } } }, 401, '-31401', 1],
  ['the server is switched off', { revoked: { killed: ['desk'] } }, 200, 'Unknown tool', 0],
  ['the secret is deleted', { secrets: daves }, 200, 'secret_missing', 1],
  [
    'the service does not know the secret any more',
    { secrets: { ...daves, [ALICE]: { desk: { ...usable, state: 2 } } } },
    200,
    'secret_missing',
    1,
  ],
])('when %s, the next call is refused, nothing is sent, and the value is held no more', async ([, loss, status, words, left]) => {
  const { plane, service, store, call } = await aPlaneWithDesk()
  expect((await callOfAlice(plane)).text).toContain('you sent •••')
  await call('get_desk', DAVE)
  expect(plane.secretsHeld()).toBe(2)
  plane.use({ ...loss, revision: 2 })
  // At once, and not with the next call.
  expect(plane.secretsHeld()).toBe(left)
  const refused = await callOfAlice(plane)
  expect(refused.status).toBe(status)
  expect(refused.text).toContain(words)
  expect(service.seen).toEqual([tokens.alice, tokens.dave])
  expect(plane.secretsHeld()).toBe(left)

  plane.use({ revision: 3 })
  expect((await callOfAlice(plane)).text).toContain('you sent •••')
  expect(store.reads).toBe(3)
})

test('a session that is revoked takes no call from the other sessions of its person', async () => {
  const { plane, store } = await aPlaneWithDesk()
  await callOfAlice(plane)
  await callOfAlice(plane, { sid: 's2' })
  plane.use({ revoked: { sessions: ['s1'] } })
  expect((await callOfAlice(plane, { sid: 's2' })).text).toContain('you sent •••')
  expect(store.reads).toBe(2)
  plane.use({ revoked: { sessions: ['s1'] } })
  await callOfAlice(plane, { sid: 's2' })
  expect(store.reads).toBe(2)
})

test('a lease that ends while the store is away is the end of the calls: nothing is sent, and the value is held no more', async () => {
  const { plane, service, store } = await aPlaneWithDesk()
  plane.use({ settings: { secretLeaseMs: 0 } })
  await callOfAlice(plane)
  expect(plane.secretsHeld()).toBe(1)
  store.isAway = true
  await expect.poll(async () => (await callOfAlice(plane)).text).toContain('store of secrets does not answer')
  const sent = service.seen.length
  expect(plane.secretsHeld()).toBe(0)
  expect((await callOfAlice(plane)).text).toContain('store of secrets does not answer')
  expect(service.seen).toHaveLength(sent)
  store.isAway = false
  expect((await callOfAlice(plane)).text).toContain('you sent •••')
})

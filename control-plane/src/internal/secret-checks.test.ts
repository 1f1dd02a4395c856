import { CheckOrder, CheckOrders } from '@bir/sdk/contract/secret-messages'
import { openSealed } from '@bir/sdk/seal-box'
import { expect, test } from 'vitest'
import { proveAtPlanes } from '../secrets/orders/prove-at-planes.ts'
import { aToken } from '../secrets/testing.ts'
import { aPlane, aRunningControlPlane } from './testing.ts'

const trialOf = (token: string) => ({
  server: 'vcs',
  kind: 'mounted' as const,
  mounted: undefined,
  settings: { url: 'https://vcs.test' },
  fields: { token },
})

const patient = { takenWithinMs: 60_000, saidWithinMs: 60_000 }

/** A clock that a test sets. `looked` resolves when somebody has read it twice since. */
function aClock() {
  const clock = { ms: 0, reads: 0 }
  const looked = async () => {
    const { reads } = clock
    await expect.poll(() => clock.reads).toBeGreaterThan(reads + 1)
  }
  return Object.assign(clock, { looked, now: () => (clock.reads++, clock.ms) })
}

const ordersAt = async (plane: Awaited<ReturnType<typeof aPlane>>) => {
  const response = await plane.get('/secrets/checks?wait=25')
  const text = await response.text()
  return { text, orders: CheckOrders.parse(JSON.parse(text)).checks }
}

test('a data plane tries what the control plane cannot reach: by an order that it alone can open, which is gone afterwards', async () => {
  await using control = await aRunningControlPlane()
  const [near, far] = [await aPlane(control, 'near'), await aPlane(control, 'far')]
  const token = aToken()
  const waiting = ordersAt(near)
  await far.get('/secrets/checks?wait=0')
  const proving = proveAtPlanes(control.db, trialOf(token), patient)
  const { text, orders } = await waiting
  expect(text).not.toContain(token)
  const [order] = orders
  const opened = CheckOrder.parse(JSON.parse(openSealed(near.sealingKey, order?.box ?? '').toString()))
  expect(opened).toEqual({ id: order?.id, server: 'vcs', settings: { url: 'https://vcs.test' }, fields: { token } })
  expect(() => openSealed(far.sealingKey, order?.box ?? '')).toThrow()

  await far.post(`/secrets/checks/${order?.id}`, JSON.stringify({ verdict: 'unreachable', says: 'No way from here.' }))
  const verdict = { verdict: 'ok', says: `It is good: ${token}.` }
  expect((await near.post(`/secrets/checks/${order?.id}`, JSON.stringify(verdict))).status).toBe(204)
  expect(await proving).toEqual({ verdict: 'ok', says: 'It is good: [secret].' })
  expect(await control.db.selectFrom('secret_check_orders').selectAll().execute()).toEqual([])
})

test('what a plane says is taken over, whatever characters the service had it say', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await plane.get('/secrets/checks?wait=0')
  const proving = proveAtPlanes(control.db, trialOf(aToken()), patient)
  const { orders } = await ordersAt(plane)
  const body = String.raw`{"verdict":"invalid","says":"It is\u0000 gone\ud800."}`
  expect((await plane.post(`/secrets/checks/${orders[0]?.id}`, body)).status).toBe(204)
  expect(await proving).toEqual({ verdict: 'invalid', says: 'It is gone\ufffd.' })
})

test('when all planes say that they cannot either, that is the verdict', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await plane.get('/secrets/checks?wait=0')
  const proving = proveAtPlanes(control.db, trialOf(aToken()), patient)
  const { orders } = await ordersAt(plane)
  await plane.post(`/secrets/checks/${orders[0]?.id}`, JSON.stringify({ verdict: 'unreachable', says: 'No way from here.' }))
  expect(await proving).toEqual({ verdict: 'unreachable', says: 'No way from here.' })
})

test('without a plane nobody waits, and the verdict says which part is missing and what to do', async () => {
  await using control = await aRunningControlPlane()
  const noPlane = { verdict: 'unreachable', says: expect.stringMatching(/No data plane runs .* Start one.* bir snapshot status/) }
  expect(await proveAtPlanes(control.db, trialOf(aToken()), patient)).toEqual(noPlane)
  const plane = await aPlane(control)
  await control.db
    .updateTable('planes')
    .set({ seen_at: new Date(Date.now() - 61_000) })
    .where('id', '=', plane.id)
    .execute()
  expect(await proveAtPlanes(control.db, trialOf(aToken()), patient)).toEqual(noPlane)
})

test('a plane that is given an order and never comes back is not waited for; one that has it under way is', async () => {
  await using control = await aRunningControlPlane()
  const [frozen, busy] = [await aPlane(control, 'frozen'), await aPlane(control, 'busy')]
  await frozen.get('/secrets/checks?wait=0')
  const clock = aClock()
  const alone = proveAtPlanes(control.db, trialOf(aToken()), { takenWithinMs: 1000, saidWithinMs: 2000, nowMs: clock.now })
  expect((await ordersAt(frozen)).orders).toHaveLength(1)
  clock.ms = 1000
  expect(await alone).toEqual({ verdict: 'unreachable', says: expect.stringMatching(/No data plane took the order .* Put it again/) })

  await busy.get('/secrets/checks?wait=0')
  clock.ms = 0
  const both = proveAtPlanes(control.db, trialOf(aToken()), { takenWithinMs: 1000, saidWithinMs: 2000, nowMs: clock.now })
  const [order] = (await ordersAt(busy)).orders
  await ordersAt(busy)
  clock.ms = 1999
  await clock.looked()
  await busy.post(`/secrets/checks/${order?.id}`, JSON.stringify({ verdict: 'ok', says: 'Good.' }))
  expect(await both).toEqual({ verdict: 'ok', says: 'Good.' })
})

test('many planes that wait for orders leave the database to others, and stop with the control plane', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const waiting = Array.from({ length: 30 }, () => plane.get('/secrets/checks?wait=55').then((answer) => answer.status))
  expect((await control.client().users.list({})).items).toEqual([])
  await control.restart()
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]))
})

test('a report or a verdict that is none is refused, and who is no plane gets nothing', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  expect((await plane.post('/secrets/verdict', '{"server":"vcs"}')).status).toBe(400)
  expect((await plane.post('/secrets/checks/x', '{"verdict":"ok","says":"x"}')).status).toBe(404)
  expect((await control.get('/internal/v1/secrets/checks')).status).toBe(401)
  expect((await control.get('/internal/v1/secrets/verdict', { method: 'POST', body: '{}' })).status).toBe(401)
})

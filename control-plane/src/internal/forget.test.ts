import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane, tryJoin } from './testing.ts'
import type { TestControlPlane } from './testing.ts'

/** As if the plane had not asked for anything for this long. */
const silence = (control: TestControlPlane, id: string, seconds: number) =>
  control.db
    .updateTable('planes')
    .set({ seen_at: new Date(Date.now() - seconds * 1000) })
    .where('id', '=', id)
    .execute()

const stateOf = async (control: TestControlPlane, id: string) =>
  (await control.client().planes.list()).items.find((plane) => plane.id === id)

test('a plane that was not heard of for a minute is away, keeps what it had last, and is back with its next request', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const held = await plane.take()
  expect(await stateOf(control, plane.id)).toMatchObject({ standing: 'enforcing', revision: held.revision })
  await silence(control, plane.id, 61)
  expect(await stateOf(control, plane.id)).toMatchObject({ standing: 'away', revision: held.revision })
  await plane.take(held)
  expect(await stateOf(control, plane.id)).toMatchObject({ standing: 'enforcing' })
})

test('a plane that said that it stops counts no more, until it asks again', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const held = await plane.take()
  await plane.post('/acks', JSON.stringify({ audit: { written: 0, waitingMs: 0, apart: 0, ended: true } }))
  expect(await stateOf(control, plane.id)).toMatchObject({ standing: 'stopped' })
  await plane.take(held)
  expect(await stateOf(control, plane.id)).toMatchObject({ standing: 'enforcing' })
})

test('a plane that is gone is forgotten: it is off every list and refused, while keys, lines and other planes stay', async () => {
  await using control = await aRunningControlPlane()
  const [stays, goes] = [await aPlane(control, 'stays'), await aPlane(control, 'goes')]
  const [held, boxBefore] = [await stays.take(), await ringOf(control)]
  const line = control.joinLine()
  await silence(control, goes.id, 61)
  await control.client().planes.forget({ id: goes.id })

  expect((await control.client().snapshot.status()).planes.map(({ name }) => name)).toEqual(['stays'])
  expect(await stateOf(control, goes.id)).toMatchObject({ expelled: true, forgotten: true })
  const refused = await goes.get('/snapshot?have=0')
  expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ error: 'expelled', forgotten: true })])
  expect(control.joinLine()).toBe(line)
  expect(await ringOf(control)).toEqual(boxBefore)
  expect((await stays.take(held)).revision).toBeGreaterThan(held.revision)
  expect((await tryJoin(control, line, 'goes')).status).toBe(200)
  expect(control.events.map(({ event }) => event)).not.toContain('plane-joined-after-expulsion')
})

const ringOf = (control: TestControlPlane) => control.db.selectFrom('keys').select('kid').where('purpose', '=', 'sealing').execute()

test('a plane that still runs, or whose audit is not stored, is not forgotten, and the refusal says what to do', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await plane.take()
  const forget = () => control.client().planes.forget({ id: plane.id })
  await expect(forget()).rejects.toThrow(/was heard of at .*: stop its process first/)
  await plane.post('/acks', JSON.stringify({ audit: { written: 3, waitingMs: 5, apart: 0 } }))
  await silence(control, plane.id, 61)
  await expect(forget()).rejects.toThrow(/audit records that are not stored here: 3/)
  await control.client().planes.expel({ id: plane.id })
  await expect(forget()).rejects.toThrow(/has been expelled/)
})

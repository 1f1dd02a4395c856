import { testDb } from '@bir/db/testing'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { untilHeld } from './until-held.ts'

const forEverMs = 3_600_000

/** A database with one plane, which was heard of just now and holds revision 6. */
async function onePlane() {
  const { db, drop } = await testDb()
  const id = uuidv7()
  const row = { id, name: 'one', public_jwk: '{}', sealing_jwk: '{}', joined_at: new Date(), seen_at: new Date(), revision: 6 }
  await db.insertInto('planes').values(row).execute()
  const set = (values: object) => db.updateTable('planes').set(values).where('id', '=', id).execute()
  return { db, set, [Symbol.asyncDispose]: drop }
}

test('a revision is waited for until the plane has acknowledged it', async () => {
  await using it = await onePlane()
  let isOver = false
  const waiting = untilHeld(it.db, 7, forEverMs).then(() => (isOver = true))
  for (let at = 0; at < 20; at++) await it.set({ seen_at: new Date() })
  expect(isOver).toBe(false)
  await it.set({ revision: 7 })
  await waiting
  await untilHeld(it.db, 5, forEverMs)
})

test('a plane that acknowledges nothing is waited for no longer than was said', async () => {
  await using it = await onePlane()
  await untilHeld(it.db, 7, 1)
})

test.for([
  ['refused the revision', { rejected_revision: 7 }],
  ['said that it stops', { audit_ended: true }],
  ['was expelled', { expelled_at: new Date() }],
  ['was not heard of for minutes', { seen_at: new Date(Date.now() - 600_000) }],
] as const)('a plane that %s is not waited for', async ([, values]) => {
  await using it = await onePlane()
  await it.set(values)
  await untilHeld(it.db, 7, forEverMs)
})

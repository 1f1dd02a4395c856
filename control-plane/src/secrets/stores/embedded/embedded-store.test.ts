import { randomBytes } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import { connect } from '@bir/db'
import { expect, test } from 'vitest'
import { masterKeyOf } from '../../../keys/master-key.ts'
import { aPlace, faultOf, storeContract } from '../testing.ts'
import { createEmbeddedStore } from './embedded-store.ts'
import { eraseHolder } from './holder-keys.ts'

async function aStore() {
  const made = await testDb()
  const master = masterKeyOf(randomBytes(32))
  return { ...made, master, store: createEmbeddedStore({ db: made.db, master }) }
}

storeContract('the embedded store', aStore)

test('the database holds no value in clear, and the same value never looks the same', async () => {
  await using made = await aStore()
  const token = `fake-${randomBytes(12).toString('hex')}`
  for (const server of ['gitlab', 'jira']) await made.store.write(aPlace(server), { token }, null)
  const rows = await made.db
    .selectFrom('secret_values')
    .innerJoin('secret_keys', 'secret_keys.holder', 'secret_values.holder')
    .selectAll()
    .execute()
  expect(rows).toHaveLength(2)
  const bytes = Buffer.concat(rows.flatMap(({ sealed, wrapped }) => [sealed, wrapped]))
  for (const form of [token, Buffer.from(token).toString('base64').slice(0, -4)]) expect(bytes.includes(form)).toBe(false)
  expect(rows[0]?.sealed.equals(rows[1]?.sealed ?? Buffer.alloc(0))).toBe(false)
})

test('whoever erases a holder erases all their secrets and nobody else’s, also for who copied the rows before', async () => {
  await using made = await aStore()
  const [bob, eve] = [aPlace(), aPlace()]
  for (const server of ['gitlab', 'jira']) await made.store.write({ ...bob, server }, { token: 'fake-1' }, null)
  await made.store.write(eve, { token: 'fake-2' }, null)
  await made.store.write({ holder: { kind: 'shared' }, server: 'gitlab' }, { token: 'fake-3' }, null)
  const [copy] = await made.db.selectFrom('secret_values').selectAll().where('path', '=', secretPath(bob)).execute()

  await eraseHolder(made.db, bob.holder)

  for (const server of ['gitlab', 'jira']) expect(await made.store.read({ ...bob, server })).toBeUndefined()
  expect((await made.store.read(eve))?.fields).toEqual({ token: 'fake-2' })
  expect((await made.store.read({ holder: { kind: 'shared' }, server: 'gitlab' }))?.fields).toEqual({ token: 'fake-3' })
  await made.store.write({ ...bob, server: 'other' }, { token: 'fake-4' }, null)
  if (copy) await made.db.insertInto('secret_values').values(copy).execute()
  expect(await faultOf(() => made.store.read(bob))).toMatchObject({ kind: 'malformed' })
})

test('shared secrets are erased together', async () => {
  await using made = await aStore()
  const place = { holder: { kind: 'shared' as const }, server: 'gitlab' }
  await made.store.write(place, { token: 'fake-1' }, null)
  await eraseHolder(made.db, place.holder)
  expect(await made.store.read(place)).toBeUndefined()
})

test('a value that was moved to another path or brought back from before is refused', async () => {
  await using made = await aStore()
  const place = aPlace()
  const other = { ...place, server: 'jira' }
  const first = await made.store.write(place, { token: 'fake-1' }, null)
  const old = await made.db.selectFrom('secret_values').selectAll().executeTakeFirstOrThrow()
  await made.store.write(place, { token: 'fake-2' }, first)
  await made.store.write(other, { token: 'fake-3' }, null)

  for (const path of [secretPath(place), secretPath(other)]) {
    await made.db.updateTable('secret_values').set({ sealed: old.sealed }).where('path', '=', path).execute()
  }

  for (const moved of [place, other]) {
    const fault = await faultOf(() => made.store.read(moved))
    expect(fault).toMatchObject({ kind: 'malformed', retryable: false })
    expect(fault.message).not.toContain('fake-')
  }
})

test('a version that was deleted does not come back', async () => {
  await using made = await aStore()
  const place = aPlace()
  const before = await made.store.write(place, { token: 'fake-1' }, null)
  await made.store.delete(place)
  await made.store.write(place, { token: 'fake-2' }, null)
  expect(await faultOf(() => made.store.write(place, { token: 'fake-3' }, before))).toMatchObject({ kind: 'conflict' })
})

test('another master key opens nothing: reading, writing and the check say what to do', async () => {
  await using made = await aStore()
  const place = aPlace()
  const version = await made.store.write(place, { token: 'fake-1' }, null)
  const store = createEmbeddedStore({ db: made.db, master: masterKeyOf(randomBytes(32)) })
  for (const work of [() => store.read(place), () => store.write(place, { token: 'fake-2' }, version), () => store.check()]) {
    expect(await faultOf(work)).toMatchObject({ kind: 'malformed', message: expect.stringContaining('MASTER_KEY') as string })
  }
  expect((await made.store.read(place))?.fields).toEqual({ token: 'fake-1' })
})

test('a database that is away is a fault that passes', async () => {
  const db = connect('postgres://nobody@127.0.0.1:1/none')
  const store = createEmbeddedStore({ db, master: masterKeyOf(randomBytes(32)) })
  try {
    for (const work of [
      () => store.check(),
      () => store.read(aPlace()),
      () => store.write(aPlace(), { token: 'fake' }, null),
      () => store.delete(aPlace()),
    ]) {
      expect(await faultOf(work)).toMatchObject({ kind: 'unreachable', retryable: true })
    }
  } finally {
    await db.destroy()
  }
})

test('a secret that is written while its holder is erased is either whole or not there', async () => {
  await using made = await aStore()
  const place = aPlace()
  for (let n = 0; n < 10; n++) {
    const ends = await Promise.allSettled([made.store.write(place, { token: `fake-${n}` }, null), eraseHolder(made.db, place.holder)])
    if (ends[0].status === 'rejected') expect(ends[0].reason).toMatchObject({ kind: 'conflict' })
    const stored = await made.store.read(place)
    if (stored) expect(stored.fields).toEqual({ token: `fake-${n}` })
    await eraseHolder(made.db, place.holder)
  }
})

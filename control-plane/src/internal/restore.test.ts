import { connect } from '@bir/db'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane } from './testing.ts'
import type { TestControlPlane } from './testing.ts'

const person = (handle: string) => ({ handle, provider: 'demo', subject: handle })

/** Makes this many changes. Resolves with the revision of the last one. */
async function change(control: TestControlPlane, ...handles: string[]): Promise<number> {
  for (const handle of handles) await control.client().users.put(person(handle))
  return (await control.client().snapshot.status()).revision
}

/** Restarts the control plane, and backs its database up while it is closed. */
async function backUp(control: TestControlPlane) {
  const url = new URL(control.databaseUrl)
  const name = url.pathname.slice(1)
  const copy = `${name}_copy`
  url.pathname = '/postgres'
  const admin = connect(url.href)
  await control.restart(async () => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(admin)
    await sql.raw(`create database ${copy} template ${name}`).execute(admin)
    return {}
  })
  return {
    restore: () => control.restart(async () => ({ databaseUrl: control.databaseUrl.replace(name, copy) })),
    async [Symbol.asyncDispose]() {
      await control.close()
      await sql.raw(`drop database ${copy} with (force)`).execute(admin)
      await admin.destroy()
    },
  }
}

/** Sets the database back to this revision, as a restore under the running process would. */
async function setBack(control: TestControlPlane, revision: number): Promise<void> {
  await control.db.deleteFrom('revisions').where('revision', '>', revision).execute()
}

test('after a restore, planes get what the restored database says, and until then nothing of it counts as enforced', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await change(control, 'alice')
  let held = await plane.take()
  await using backup = await backUp(control)
  await change(control, 'bob', 'carol')
  held = await plane.take(held)

  await backup.restore()
  const [before] = (await control.client().snapshot.status()).planes
  expect(before).toMatchObject({ standing: 'behind' })
  await control.client().users.setDisabled({ handle: 'alice', disabled: true })
  const renewed = await plane.take(held)
  expect(renewed.revision).toBeGreaterThan(held.revision)
  expect(renewed.history).not.toBe(held.history)
  const status = await control.client().snapshot.status()
  expect(status).toMatchObject({ revision: renewed.revision, root: renewed.root })
  expect(status.planes).toMatchObject([{ revision: renewed.revision, standing: 'enforcing' }])
})

test('a copy of the database leaves numbers out, for planes of an earlier version that know a policy by its number alone', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await change(control, 'alice')
  await using backup = await backUp(control)
  const lost = await change(control, 'bob')
  await backup.restore()
  const { revision } = await plane.manifest(lost)
  expect(revision).toBeGreaterThan(lost)
})

test.for([
  ['a higher revision', 3],
  ['another policy of the same number', 1],
] as const)('a plane that holds %s than the database makes it publish above that', async ([, lost]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const first = await change(control, 'alice')
  const handles = ['bob', 'carol', 'dan'].slice(0, lost)
  await change(control, ...handles)
  const held = await plane.take()
  expect(held.revision).toBe(first + lost)

  await control.restart(async () => {
    await setBack(control, first)
    await control.db.updateTable('users').set({ disabled: true }).where('handle', '=', 'alice').execute()
    await control.db.insertInto('dirty').values({ part: 'all' }).execute()
    return {}
  })
  expect((await control.client().snapshot.status()).revision).toBe(first + 1)
  const renewed = await plane.take(held)
  expect(renewed.revision).toBe(held.revision + 1)
  expect(renewed.history).not.toBe(held.history)
  expect(control.events).toContainEqual(expect.objectContaining({ event: 'database-was-set-back', level: 'error' }))
  expect(await plane.take(renewed)).toEqual(renewed)
})

test('a plane that comes later with a still higher number gets a higher one too, and so do the others', async () => {
  await using control = await aRunningControlPlane()
  const [early, late] = [await aPlane(control, 'early', control.joinLine()), await aPlane(control, 'late')]
  const first = await change(control, 'alice')
  const heldByEarly = await early.take()
  await change(control, 'bob', 'carol')
  const heldByLate = await late.take()
  await control.restart(() => setBack(control, first - 1).then(() => ({})))

  const renewed = await early.take(heldByEarly)
  const last = await late.take(heldByLate)
  expect(last.revision).toBe(heldByLate.revision + 1)
  expect(await early.take(renewed)).toEqual(last)
})

test('a plane of an earlier version, which says its number alone, is served above it', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  expect((await plane.manifest(revision + 5)).revision).toBe(revision + 6)
})

test('of several control planes, one alone publishes above what two planes hold, at the same time', async () => {
  await using control = await aRunningControlPlane()
  const planes = [await aPlane(control, 'a'), await aPlane(control, 'b')]
  const { revision } = await control.client().snapshot.status()
  const another = await control.start()
  const polls = planes.map((plane, at) => plane.poll(revision + 5, 0, {}, at === 0 ? undefined : another.url))
  const answers = await Promise.all(polls)
  expect(answers.map(({ payload }) => (payload as { revision: number }).revision)).toEqual([revision + 6, revision + 6])
  expect(await control.db.selectFrom('histories').select('number').execute()).toHaveLength(2)
  await another.close()
})

test('a control plane whose database is set back while it runs publishes above what it has seen', async () => {
  await using control = await aRunningControlPlane()
  const first = await change(control, 'alice')
  const last = await change(control, 'bob', 'carol')
  await setBack(control, first)
  await expect.poll(async () => (await control.client().snapshot.status()).revision).toBe(last + 1)
})

test('a number that no policy can have reached is refused, and one plane cannot make us publish without end', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  expect(await (await plane.get(`/snapshot?have=${Number.MAX_SAFE_INTEGER}&wait=0`)).json()).toMatchObject({ error: 'ahead', revision })
  expect((await plane.manifest(revision + 5)).revision).toBe(revision + 6)
  const again = await plane.get(`/snapshot?have=${revision + 50}&wait=0`)
  expect(again.status).toBe(409)
  expect(await again.json()).toMatchObject({ error: 'ahead', revision: revision + 6 })
})

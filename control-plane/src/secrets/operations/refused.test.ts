import { expect, test } from 'vitest'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { StoreFault } from '../stores/store.ts'
import { finishErasures } from '../erasures/erasures.ts'
import { aSecretWorld, aToken } from '../testing.ts'
import { list } from './list.ts'
import { put } from './put.ts'
import { remove } from './delete.ts'

type World = Awaited<ReturnType<typeof aSecretWorld>>
const placeOf = (it: World) => ({ holder: { kind: 'person' as const, id: it.alice.actor.id }, server: 'vcs' })
const storedToken = async (it: World) => (await it.ctx.secrets.store.read(placeOf(it)))?.fields['token']

/** An administrator who loses the role after so many questions whether they still have it. */
function losing(ctx: Ctx, afterQuestions: number): Ctx {
  let questions = 0
  const confirm = async () => {
    if (questions++ >= afterQuestions) throw new ApiError('forbidden', 'Only an administrator may do this.')
  }
  return { ...ctx, caller: { confirm, recordRefusal: async () => undefined } }
}

/** The same, with a store that does this instead of what it would. */
const withStore = (ctx: Ctx, store: Partial<Ctx['secrets']['store']>): Ctx => ({
  ...ctx,
  secrets: { ...ctx.secrets, store: { ...ctx.secrets.store, ...store } },
})

test.for([0, 1])('who loses the right to save a secret while it is tried changes nothing (question %i)', async (afterQuestions) => {
  await using it = await aSecretWorld()
  const own = it.good()
  await put(it.alice, { server: 'vcs', fields: { token: own } })
  const foreign = { server: 'vcs', user: 'alice', fields: { token: it.good({ login: 'mallory' }) } }
  await expect(put(losing(it.ctx, afterQuestions), foreign)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await storedToken(it)).toBe(own)
  expect((await list(it.alice, { first: 9 })).items).toMatchObject([{ state: 'ok', savedBy: 'alice' }])
  const again = it.good()
  expect(await put(it.alice, { server: 'vcs', fields: { token: again } })).toMatchObject({ saved: true })
  expect(await storedToken(it)).toBe(again)
})

test.for([0, 1])('where there was nothing before, nothing of a refused secret stays (question %i)', async (afterQuestions) => {
  await using it = await aSecretWorld()
  const given = { server: 'vcs', user: 'alice', fields: { token: it.good() } }
  await expect(put(losing(it.ctx, afterQuestions), given)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await storedToken(it)).toBeUndefined()
})

test('a secret that is refused after the store took it, and that the store keeps for now, is destroyed by the upkeep', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  let writes = 0
  const { store } = it.ctx.secrets
  const away = withStore(losing(it.ctx, 1), {
    write: (...given) =>
      writes++ === 0 ? store.write(...given) : Promise.reject(new StoreFault('unreachable', 'away', { retryable: true })),
  })
  await expect(put(away, { server: 'vcs', user: 'alice', fields: { token: it.good() } })).rejects.toMatchObject({ code: 'forbidden' })
  expect(await it.db.selectFrom('secret_erasures').select('server').execute()).toEqual([{ server: 'vcs' }])
  await finishErasures(it.db, store, () => undefined)
  expect(await storedToken(it)).toBeUndefined()
})

test('a secret that is deleted while another takes its place is the other one, or is gone: no value stays that no list names', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  const { store } = it.ctx.secrets
  // The values are gone, and the row is not, when the other one reads both.
  const { promise: isDestroyed, resolve: destroyed } = Promise.withResolvers<void>()
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const slow = withStore(it.alice, {
    delete: async (place) => {
      await store.delete(place)
      destroyed()
      await mayEnd
    },
  })
  const deleting = remove(slow, { server: 'vcs' })
  await isDestroyed
  const inBetween = withStore(it.alice, {
    write: async (...given) => {
      const version = await store.write(...given)
      end()
      await deleting
      return version
    },
  })
  await expect(put(inBetween, { server: 'vcs', fields: { token: it.good() } })).rejects.toMatchObject({ code: 'conflict' })
  expect(await it.db.selectFrom('secrets').selectAll().execute()).toEqual([])
  expect(await storedToken(it)).toBeUndefined()
})

test('a value that a process left in the store when it ended is destroyed by who deletes the secret, though no list names it', async () => {
  await using it = await aSecretWorld()
  await it.ctx.secrets.store.write(placeOf(it), { token: aToken() }, null)
  await expect(remove(it.bob, { server: 'vcs' })).rejects.toMatchObject({ code: 'not_found' })
  expect(await storedToken(it)).toBeDefined()
  await expect(remove(it.alice, { server: 'vcs' })).rejects.toMatchObject({ code: 'not_found' })
  expect(await storedToken(it)).toBeUndefined()
})

test('what one store cannot read keeps nothing else from being destroyed', async () => {
  await using it = await aSecretWorld()
  await put(it.alice, { server: 'vcs', fields: { token: it.good() } })
  const [bob, alice] = [it.bob, it.alice].map(({ actor }) => ({ holder_kind: 'person' as const, holder_id: actor.id, server: 'vcs' }))
  if (!bob || !alice) throw new Error('two people')
  await it.db
    .insertInto('secret_erasures')
    .values([
      { ...bob, since: new Date(0) },
      { ...alice, since: new Date(1) },
    ])
    .execute()
  const { store } = it.ctx.secrets
  const half = {
    ...store,
    delete: (place: Parameters<typeof store.delete>[0]) =>
      'id' in place.holder && place.holder.id === it.bob.actor.id
        ? Promise.reject(new StoreFault('malformed', 'half-written'))
        : store.delete(place),
  }
  await finishErasures(it.db, half, () => undefined)
  expect(await it.db.selectFrom('secret_erasures').select('holder_id').execute()).toEqual([{ holder_id: it.bob.actor.id }])
  expect(await storedToken(it)).toBeUndefined()
})

test('faults of very many fields are named up to the twentieth', async () => {
  await using it = await aSecretWorld()
  const names = Array.from({ length: 2_000 }, (_, n) => `f${'abcdefghij'[n % 10]}${'z'.repeat(n / 100)}${'y'.repeat(n % 97)}`)
  const fields = Object.fromEntries([...names, aToken()].map((name) => [name, 'x']))
  const refused = put(it.alice, { server: 'vcs', fields })
  await expect(refused).rejects.toMatchObject({ message: expect.stringMatching(/^([^\n]*\n){20}and \d+ more$/) })
})

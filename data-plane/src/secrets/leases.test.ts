import type { SecretFields, SecretPlace } from '@bir/sdk/contract/secret-holder'
import { expect, onTestFinished, test } from 'vitest'
import { SecretLeases } from './leases.ts'
import { StoreUnavailable } from './reader.ts'

const minuteMs = 60_000

const placeOf = (id: string, server = 'gitlab'): SecretPlace => ({ holder: { kind: 'person', id }, server })
const ann = placeOf('01980000-0000-7000-8000-0000000000aa')
const bob = placeOf('01980000-0000-7000-8000-0000000000bb')

/** A store of two minds: `values` by holder, server and version, and whether it is away. */
function leased(options: { secretCacheMs?: number; secretLeaseMs?: number; max?: { leases: number; chars: number } } = {}) {
  const { secretCacheMs = minuteMs, secretLeaseMs = 15 * minuteMs, max } = options
  const store = { nowMs: 1_000_000, isAway: false, values: new Map<string, SecretFields>(), reads: [] as string[], logged: [] as string[] }
  const keyOf = ({ holder, server }: SecretPlace, version: number) =>
    `${holder.kind === 'shared' ? 'shared' : holder.id.slice(-2)}/${server}/${version}`
  const leases = new SecretLeases({
    reader: {
      async read(place, version) {
        store.reads.push(keyOf(place, version))
        if (store.isAway) throw new StoreUnavailable('the store is away')
        return store.values.get(keyOf(place, version))
      },
      close: async () => undefined,
    },
    log: (level, event) => void store.logged.push(`${level}: ${event}`),
    times: () => ({ secretCacheMs, secretLeaseMs }),
    nowMs: () => store.nowMs,
    ...(max && { max }),
  })
  onTestFinished(() => leases.close())
  return { leases, store }
}

test('a secret is read once, however many ask at the same time, and then given without a promise', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'of-ann' })
  const [one, two] = await Promise.all([leases.get(ann, 1), leases.get(ann, 1)])
  expect([one, two]).toEqual([{ token: 'of-ann' }, { token: 'of-ann' }])
  expect(leases.get(ann, 1)).toEqual({ token: 'of-ann' })
  expect(store.reads).toEqual(['aa/gitlab/1'])
})

test('a secret is given for its holder, server and version, and for no other', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'of-ann' })
  store.values.set('bb/gitlab/1', { token: 'of-bob' })
  store.values.set('aa/jira/1', { token: 'of-ann-for-jira' })
  store.values.set('aa/gitlab/2', { token: 'of-ann-newer' })
  const group: SecretPlace = { holder: { kind: 'group', id: '01980000-0000-7000-8000-0000000000aa' }, server: 'gitlab' }
  expect(await leases.get(ann, 1)).toEqual({ token: 'of-ann' })
  expect(await leases.get(bob, 1)).toEqual({ token: 'of-bob' })
  expect(await leases.get(placeOf('01980000-0000-7000-8000-0000000000aa', 'jira'), 1)).toEqual({ token: 'of-ann-for-jira' })
  expect(await leases.get(ann, 2)).toEqual({ token: 'of-ann-newer' })
  store.values.delete('aa/gitlab/1')
  await expect(leases.get(group, 3)).rejects.toMatchObject({ code: 'secret_missing' })
  await expect(leases.get(ann, 1)).rejects.toMatchObject({ code: 'secret_missing', retryable: true })
  expect(leases.get(ann, 2)).toEqual({ token: 'of-ann-newer' })
})

test('a secret that was read long enough ago is read again in the background', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'one' })
  await leases.get(ann, 1)
  store.values.set('aa/gitlab/1', { token: 'two' })
  store.nowMs += minuteMs
  expect(leases.get(ann, 1)).toEqual({ token: 'one' })
  await expect.poll(() => leases.get(ann, 1)).toEqual({ token: 'two' })
  expect(store.reads).toHaveLength(2)
})

test('a store that is away is survived until the lease is over, and health says since when', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'one' })
  await leases.get(ann, 1)
  store.isAway = true
  const awayMs = (store.nowMs += minuteMs)
  expect(leases.get(ann, 1)).toEqual({ token: 'one' })
  await expect.poll(() => leases.health).toMatchObject({ leases: 1, awaySinceMs: awayMs })
  store.nowMs += 14 * minuteMs
  expect(leases.get(ann, 1)).toEqual({ token: 'one' })
  store.nowMs += 1
  await expect(leases.get(ann, 1)).rejects.toThrow(StoreUnavailable)
  store.isAway = false
  expect(await leases.get(ann, 1)).toEqual({ token: 'one' })
  expect(leases.health).toMatchObject({ awaySinceMs: undefined, lastReadAtMs: store.nowMs })
  expect(store.logged).toEqual(['warn: secrets cannot be read: calls go on with those that are held', 'info: secrets can be read again'])
})

test('a store that is away is asked once a second for a secret that calls use all the time', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'one' })
  await leases.get(ann, 1)
  store.isAway = true
  store.nowMs += minuteMs
  for (let call = 0; call < 20; call++) {
    store.nowMs += 100
    await leases.get(ann, 1)
  }
  expect(store.reads.length).toBeLessThanOrEqual(4)
})

test('what may be held no more is forgotten, also while it is being read', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'of-ann' })
  store.values.set('bb/gitlab/1', { token: 'of-bob' })
  await leases.get(ann, 1)
  const reading = leases.get(bob, 1)
  leases.keepOnly(() => false)
  await reading
  expect(leases.health.leases).toBe(0)
  await Promise.all([leases.get(ann, 1), leases.get(bob, 1)])
  expect(store.reads).toHaveLength(4)
})

test('a value that the service refused is read anew once in a minute', async () => {
  const { leases, store } = leased()
  store.values.set('aa/gitlab/1', { token: 'old' })
  const old = await leases.get(ann, 1)
  store.values.set('aa/gitlab/1', { token: 'new' })
  expect(await Promise.all([leases.refused(ann, 1, old), leases.refused(ann, 1, old)])).toEqual([{ token: 'new' }, { token: 'new' }])
  const fresh = await leases.get(ann, 1)
  for (let call = 0; call < 5; call++) expect(await leases.refused(ann, 1, fresh)).toEqual({ token: 'new' })
  expect(store.reads).toHaveLength(2)
})

test('no more are held than there is room for: what was not used goes first', async () => {
  const { leases, store } = leased({ max: { leases: 2, chars: 1000 } })
  const cyd = placeOf('01980000-0000-7000-8000-0000000000cc')
  for (const key of ['aa', 'bb', 'cc']) store.values.set(`${key}/gitlab/1`, { token: key })
  await leases.get(ann, 1)
  await leases.get(bob, 1)
  await leases.get(cyd, 1)
  expect(leases.health.leases).toBe(2)
  const { leases: byChars, store: other } = leased({ max: { leases: 100, chars: 10 } })
  other.values.set('aa/gitlab/1', { token: '12345678' })
  other.values.set('bb/gitlab/1', { token: '12345678' })
  await byChars.get(ann, 1)
  await byChars.get(bob, 1)
  expect(byChars.health.leases).toBe(1)
})

import { MAX_SECRET_BYTES } from '@bir/sdk/contract/secret-value'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { StoreFault } from './store.ts'
import type { SecretStore, StoreFaultKind } from './store.ts'

type MakeStore = () => Promise<AsyncDisposable & { store: SecretStore }>

/** A place that no other test uses. */
export const aPlace = (server = 'gitlab'): SecretPlace => ({ holder: { kind: 'person', id: uuidv7() }, server })

/** The fault of what must fail. */
export async function faultOf(work: () => Promise<unknown>): Promise<StoreFault> {
  const fault: unknown = await work().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(fault instanceof StoreFault)) throw new Error('It must fail with a StoreFault.', { cause: fault })
  return fault
}

interface ContractOptions {
  /** False: the store cannot compare while it writes (KV v1). It notices only what was there before the write. */
  comparesAndSets?: boolean
  /** Why the tests are skipped, for their titles. */
  skip?: string | undefined
}

/** What every store promises. Each test makes its store; stores of several tests may share one server. */
export function storeContract(name: string, makeStore: MakeStore, { comparesAndSets = true, skip }: ContractOptions = {}): void {
  const guarantee = (title: string, work: (store: SecretStore) => Promise<void>) =>
    test.skipIf(skip !== undefined)(`${name}: ${title}${skip === undefined ? '' : ` (${skip})`}`, async () => {
      await using made = await makeStore()
      await work(made.store)
    })
  const conflictOf = async (work: () => Promise<unknown>) => {
    const { kind } = await faultOf(work)
    expect(kind).toBe('conflict' satisfies StoreFaultKind)
  }

  guarantee('it can be used', (store) => store.check())

  guarantee('what is written is read, and the next value takes its place whole', async (store) => {
    const place = aPlace()
    expect(await store.read(place)).toBeUndefined()
    const first = await store.write(place, { token: 'fake-1', extra: 'fake-2' }, null)
    expect(await store.read(place)).toEqual({ fields: { token: 'fake-1', extra: 'fake-2' }, storeVersion: first })
    const second = await store.write(place, { token: 'fake-3' }, first)
    expect(second).not.toBe(first)
    expect(await store.read(place)).toEqual({ fields: { token: 'fake-3' }, storeVersion: second })
  })

  guarantee('secrets of a person, a group and all, and of two servers, are apart', async (store) => {
    const { id } = aPlace().holder as { id: string }
    const server = `s${id.slice(-12)}`
    const holders: SecretPlace['holder'][] = [{ kind: 'person', id }, { kind: 'group', id }, { kind: 'shared' }]
    const places = holders.flatMap((holder) => [server, `${server}-2`].map((name) => ({ holder, server: name })))
    for (const [n, place] of places.entries()) await store.write(place, { token: `fake-${n}` }, null)
    for (const [n, place] of places.entries()) expect((await store.read(place))?.fields).toEqual({ token: `fake-${n}` })
    for (const place of places) await store.delete(place)
    for (const place of places) expect(await store.read(place)).toBeUndefined()
  })

  guarantee('a write that expects another value is refused and changes nothing', async (store) => {
    const place = aPlace()
    await conflictOf(() => store.write(place, { token: 'fake-0' }, '7'))
    const first = await store.write(place, { token: 'fake-1' }, null)
    await conflictOf(() => store.write(place, { token: 'fake-2' }, null))
    const second = await store.write(place, { token: 'fake-3' }, first)
    await conflictOf(() => store.write(place, { token: 'fake-4' }, first))
    expect(await store.read(place)).toEqual({ fields: { token: 'fake-3' }, storeVersion: second })
  })

  guarantee('after a delete there is none, and a new one can be written', async (store) => {
    const place = aPlace()
    await store.delete(place)
    const first = await store.write(place, { token: 'fake-1' }, null)
    await store.write(place, { token: 'fake-2' }, first)
    await store.delete(place)
    expect(await store.read(place)).toBeUndefined()
    const again = await store.write(place, { token: 'fake-3' }, null)
    expect(await store.read(place)).toEqual({ fields: { token: 'fake-3' }, storeVersion: again })
  })

  guarantee('any text comes back as it was: long, with lines, in every script', async (store) => {
    const fields = {
      long: 'x'.repeat(MAX_SECRET_BYTES),
      wide: 'ə'.repeat(MAX_SECRET_BYTES / 2),
      pem: '-----BEGIN FAKE-----\r\nAAAA\n\tBBBB\n-----END FAKE-----\n',
      marks: `"'\\/<>&%$#{}[]:;,|*?!~ \u2028`,
      emoji: '🔑👩‍💻 пароль 密碼 सीक्रेट',
      yaml: '- no: yes\n# 1e3',
      'a.name-with_all': 'true',
      constructor: 'fake',
    }
    const place = aPlace()
    const version = await store.write(place, fields, null)
    expect(await store.read(place)).toEqual({ fields, storeVersion: version })
  })

  guarantee('forty fields are kept', async (store) => {
    const fields = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`field-${n}`, `fake-${n}`]))
    const place = aPlace()
    await store.write(place, fields, null)
    expect((await store.read(place))?.fields).toEqual(fields)
  })

  if (!comparesAndSets) return

  guarantee('of writers at the same moment exactly one wins, and its value is there', async (store) => {
    const place = aPlace()
    let expected: string | null = null
    for (const round of ['first', 'next']) {
      const writes = Array.from({ length: 8 }, (_, n) => store.write(place, { token: `fake-${round}-${n}` }, expected))
      const ends = await Promise.allSettled(writes)
      const winners = ends.flatMap((end, n) => (end.status === 'fulfilled' ? [{ n, version: end.value }] : []))
      expect(winners).toHaveLength(1)
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).toMatchObject({ kind: 'conflict' })
      const [{ n, version }] = winners as [{ n: number; version: string }]
      expect(await store.read(place)).toEqual({ fields: { token: `fake-${round}-${n}` }, storeVersion: version })
      expected = version
    }
  })
}

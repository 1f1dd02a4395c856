import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refusals } from './refusals.ts'
import type { About, Sum } from './refusals.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

function aCounter(options = {}) {
  const written: Sum[] = []
  const disk: { refuses: (sum: Sum) => boolean } = { refuses: () => false }
  const refusals = new Refusals(async (sum) => {
    if (disk.refuses(sum)) throw new Error('the disk is full')
    written.push(sum)
  }, options)
  /** How many of them get a record of their own. */
  const refused = (abouts: About[]) => abouts.filter((about) => refusals.admits(about)).length
  return { refusals, refused, written, disk }
}

const times = <Item>(count: number, of: (n: number) => Item) => Array.from({ length: count }, (_, n) => of(n))
const total = (sums: Sum[]) => sums.reduce((sum, { count }) => sum + count, 0)
const alice = { subject: 'a', handle: 'alice' }
const revoked = (tokenId: string) => ({ ...alice, tokenId, reason: 'token-revoked' })

test('strangers share 50 records a second; each token and reason of a person has one', async () => {
  const { refused, refusals, written } = aCounter()
  expect(refused(times(80, () => ({ reason: 'token-missing' })))).toBe(50)
  expect(refused(times(5, () => revoked('one')))).toBe(1)
  expect(refused([revoked('two'), { ...revoked('two'), reason: 'token-expired' }])).toBe(2)
  await refusals.flush()
  expect(written).toEqual([
    { about: { reason: 'token-missing' }, count: 30 },
    { about: revoked('one'), count: 4 },
  ])
})

const limits = { perBucket: 10, perHolder: { ordinary: 10, theft: 10 }, together: { ordinary: 100, theft: 100 } }
const calls = (subject: string) => (n: number) => ({ subject, method: `operation-${n % 25}`, reason: 'token-expired' })
const replays = (subject: string) => (n: number) => ({ subject, sessionId: `s${n % 25}`, reason: 'refresh-replayed' })

test('where a record costs a transaction, one holder has a number of them over all buckets, and thefts have another', async () => {
  const { refused, refusals, written } = aCounter({ limits })
  expect(refused(times(15, () => revoked('one')))).toBe(10)
  expect(refused(times(500, calls('b')))).toBe(10)
  expect(refused(times(500, replays('b')))).toBe(10)
  // A bucket that is new has its first record as long as its holder has records left.
  expect(refused([...times(9, () => revoked('x')), revoked('y')].map((about) => ({ ...about, subject: 'c' })))).toBe(10)
  await refusals.flush()
  expect(total(written)).toBe(5 + 490 + 490)
  // What is only counted stays in its own bucket.
  expect(written).toContainEqual({ about: calls('b')(3), count: 19 })
})

test('where a record costs a transaction, all who are known have a number of them together, and strangers their own', async () => {
  const { refused, refusals, written } = aCounter({ limits })
  expect(refused(times(3_000, (n) => calls(`p${n % 150}`)(n)))).toBe(100)
  expect(refused(times(3_000, (n) => replays(`p${n % 150}`)(n)))).toBe(100)
  expect(refused(times(80, () => ({ reason: 'token-missing' })))).toBe(50)
  await refusals.flush()
  expect(total(written)).toBe(2_900 + 2_900 + 30)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(refused(times(20, calls('p149')))).toBe(10)
})

test('a client that proved itself, a token and a session are told apart like people', () => {
  const { refused } = aCounter()
  refused(times(80, () => ({})))
  expect(refused([{ client: 'c1' }, { client: 'c2' }, { tokenId: 't1' }, { sessionId: 's1' }, { client: 'c1' }])).toBe(4)
})

test('who sends many refused tokens has 20 records a second, hides nobody else, and no theft of their own', async () => {
  const { refused, refusals, written } = aCounter()
  expect(refused(times(5_000, (n) => revoked(`t${n}`)))).toBe(20)
  expect(refused([{ subject: 'b', tokenId: 'x', reason: 'token-revoked' }])).toBe(1)
  expect(refused(times(2, () => ({ ...alice, sessionId: 's', reason: 'refresh-replayed' })))).toBe(1)
  await refusals.flush()
  expect(written).toEqual([
    { about: { ...alice, reason: 'token-revoked' }, count: 4980 },
    { about: { ...alice, sessionId: 's', reason: 'refresh-replayed' }, count: 1 },
  ])
})

test('the number of buckets is bounded: beyond it those who are known share one, and a theft still has its own', async () => {
  const { refused, refusals, written } = aCounter()
  expect(refused(times(3_000, (n) => ({ subject: `p${n}`, reason: 'token-revoked' })))).toBe(1_000)
  expect(refused([{ subject: 'b', sessionId: 's', reason: 'binding-network' }])).toBe(1)
  await refusals.flush()
  expect(written).toEqual([{ about: { reason: 'token-revoked' }, count: 2000, detail: expect.stringMatching(/^2000 more of several/) }])
})

test('what was counted is written at the end of the second, and what cannot be written as soon as it can', async () => {
  const { refused, written, disk } = aCounter()
  const both = [...times(5, () => revoked('one')), ...times(5, () => revoked('two'))]
  disk.refuses = ({ about }) => about.tokenId === 'one'
  refused(both)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(written).toEqual([{ about: revoked('two'), count: 4 }])
  refused(both)
  disk.refuses = () => false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(total(written)).toBe(4 + 8 + 4)
})

test('sums are written in groups, and only those of a group that fail are kept, with the groups after it', async () => {
  let [underWay, peak, isFull] = [0, 0, true]
  const written: Sum[] = []
  const append = async (sum: Sum) => {
    peak = Math.max(peak, ++underWay)
    await Promise.resolve()
    underWay--
    written.push(sum)
  }
  const refusals = new Refusals(
    (sum) => {
      // The spool throws at once when it cannot take a record.
      if (isFull && sum.about.subject === 'p3') throw new Error('the disk is full')
      return append(sum)
    },
    { atOnce: 10 },
  )
  for (const subject of times(25, (n) => `p${n}`)) times(3, () => refusals.admits({ subject }))
  await expect(refusals.flush()).rejects.toThrow('the disk is full')
  expect(peak).toBe(9)
  expect(written).toHaveLength(9)
  expect(refusals.waiting).toBe(16 * 2)
  isFull = false
  await refusals.flush()
  expect(peak).toBe(10)
  expect(written.map(({ about: { subject } }) => subject).toSorted()).toEqual(times(25, (n) => `p${n}`).toSorted())
  expect(total(written)).toBe(25 * 2)
})

test('while nothing can be written memory is bounded, and no refusal is lost', async () => {
  const { refused, refusals, written, disk } = aCounter()
  disk.refuses = () => true
  let [asked, recorded] = [0, 0]
  for (let second = 0; second < 20; second++) {
    const abouts = times(2_000, (n) => ({ subject: `p${second}-${n >> 1}`, reason: 'token-revoked' }))
    asked += abouts.length
    recorded += refused(abouts)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  disk.refuses = () => false
  await refusals.flush()
  expect(written.length).toBeLessThanOrEqual(5_002)
  expect(recorded + total(written)).toBe(asked)
})

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditRecord } from '@bir/sdk/contract/audit'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { AuditFields } from './fields.ts'
import { SpoolJournal } from './journal.ts'
import { segments } from './segments.ts'
import { Spool } from './spool.ts'

afterEach(() => void vi.useRealTimers())

/** A journal with a clock that the test moves, and what it wrote. */
function aJournal() {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] })
  const written: AuditFields[] = []
  const disk = { isFull: false }
  const append = async (fields: AuditFields) => {
    if (disk.isFull) throw new Error('the disk is full')
    written.push(fields)
  }
  const spool = { append, tip: { seq: 0, hash: '' }, close: () => undefined } as unknown as Spool
  const journal = new SpoolJournal({ spool, sign: () => '' })
  const flood = async (count: number, who: Partial<AuditFields> = {}) => {
    for (let at = 0; at < count; at++) await journal.refusal({ kind: 'call', atMs: Date.now(), outcome: 'refused', ...who }, {})
  }
  const counts = () => ({
    calls: written.filter(({ kind }) => kind === 'call').length,
    summed: written.flatMap(({ kind, count }) => (kind === 'refusals' ? [count] : [])),
  })
  return { flood, counts, written, disk, journal }
}

test('beyond 50 a second refusals are counted, and each second of a flood is summed up once', async () => {
  const { flood, counts } = aJournal()
  for (let quarter = 0; quarter < 12; quarter++) {
    await flood(40)
    await vi.advanceTimersByTimeAsync(250)
  }
  await vi.advanceTimersByTimeAsync(2000)
  expect(counts()).toEqual({ calls: 3 * 50, summed: [110, 110, 110] })
})

test('the last second of a flood is summed up without a further refusal', async () => {
  const { flood, counts } = aJournal()
  await flood(60)
  await vi.advanceTimersByTimeAsync(1000)
  expect(counts()).toEqual({ calls: 50, summed: [10] })
})

const person = (name: string) => ({ subject: name, handle: name, reason: 'rate-limited' })

test('of a person who calls too often, each second leaves one record and one with the number of the others', async () => {
  const { flood, written, journal } = aJournal()
  for (let quarter = 0; quarter < 8; quarter++) {
    await flood(400, person('alice'))
    await flood(3, person('bob'))
    await vi.advanceTimersByTimeAsync(250)
  }
  await vi.advanceTimersByTimeAsync(2000)
  await journal.close()
  const of = (handle: string) => written.filter((fields) => fields.handle === handle)
  for (const [handle, total] of [
    ['alice', 3200],
    ['bob', 24],
  ] as const) {
    expect(of(handle).map(({ kind }) => kind)).toEqual(['call', 'refusals', 'call', 'refusals'])
    expect(of(handle).reduce((sum, { count = 1 }) => sum + count, 0)).toBe(total)
    expect(of(handle)).toMatchObject(Array.from({ length: 4 }, () => person(handle)))
  }
})

test('a stop writes what was only counted', async () => {
  const { flood, written, journal } = aJournal()
  await flood(7, person('alice'))
  await journal.close()
  expect(written.map(({ kind, count }) => [kind, count])).toEqual([
    ['call', undefined],
    ['refusals', 6],
  ])
})

test('what could not be written is counted on, and written once there is space', async () => {
  const { flood, written, disk } = aJournal()
  await flood(7, person('alice'))
  disk.isFull = true
  await vi.advanceTimersByTimeAsync(1500)
  expect(written).toHaveLength(1)
  disk.isFull = false
  await vi.advanceTimersByTimeAsync(1500)
  expect(written.map(({ count }) => count)).toEqual([undefined, 6])
})

test('a start signs the chain at once, with the records that a killed process did not sign', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bir-journal-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const signed: string[] = []
  const { spool, recovered } = Spool.open(dir, { plane: uuidv7(), boot: uuidv7() }, 1e9)
  const journal = new SpoolJournal({ spool, sign: (hash) => `signature ${signed.push(hash)}` })
  await journal.begin(recovered)
  expect([signed.length, spool.tip.seq]).toEqual([1, 2])
  await journal.close()
  expect(signed).toHaveLength(1)
})

test('the end of a call that a killed process left open keeps the session of its attempt, before the control plane answers', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bir-journal-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const open = () => Spool.open(dir, { plane: uuidv7(), boot: uuidv7() }, 1e9)
  const { spool } = open()
  spool.readable = 2
  await spool.append({ kind: 'attempt', atMs: 0, call: uuidv7(), sessionId: 's' }, {}, true)
  spool.close()
  const next = open()
  const journal = new SpoolJournal({ spool: next.spool, sign: () => '' })
  await journal.begin(next.recovered)
  await journal.close()
  const [path = ''] = segments(dir).map((segment) => segment.path)
  const headers = readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => AuditRecord.parse(JSON.parse(line)).header)
  expect(headers.find(({ reason }) => reason === 'process-ended')).toMatchObject({ v: 2, sessionId: 's', outcome: 'unknown' })
})

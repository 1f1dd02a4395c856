import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { AuditFields } from './fields.ts'
import { SpoolJournal } from './journal.ts'
import { Spool } from './spool.ts'

afterEach(() => void vi.useRealTimers())

/** A journal with a clock that the test moves, and what it wrote. */
function aJournal() {
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'setInterval', 'Date'] })
  const written: AuditFields[] = []
  const spool = { append: async (fields: AuditFields) => void written.push(fields) } as unknown as Spool
  const journal = new SpoolJournal({ spool, sign: () => '' })
  const flood = async (count: number) => {
    for (let at = 0; at < count; at++) await journal.refusal({ kind: 'call', atMs: Date.now(), outcome: 'refused' }, {})
  }
  const counts = () => ({
    calls: written.filter(({ kind }) => kind === 'call').length,
    summed: written.flatMap(({ kind, count }) => (kind === 'refusals' ? [count] : [])),
  })
  return { flood, counts }
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

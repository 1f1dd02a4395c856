import { randomBytes } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { faultOf } from '@bir/sdk/chain'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { AuditRow } from '@bir/sdk/contract/entities'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Ctx } from '../base/context.ts'
import { masterKeyOf } from '../keys/master-key.ts'
import { createEmbeddedStore } from '../secrets/stores/embedded/embedded-store.ts'
import { parseBatch } from './batch.ts'
import { ingest } from './ingest.ts'
import { chain } from './read-chain.ts'
import { search } from './search.ts'
import { aChain, ndjson } from './testing.ts'

const ours: string = uuidv7()

async function aStore() {
  const made = await testDb()
  const { db } = made
  const ctx: Ctx = {
    db,
    actor: { id: 'operator:test', label: 'operator:test', administrator: true },
    idpProvider: 'demo',
    providers: { environment: undefined, isLocal: true, states: async () => [] },
    catalog: new Map(),
    publisher: { publish: async () => 1 },
    recordChange: async () => undefined,
    ownChainKey: { kty: 'OKP', kid: ours, alg: 'EdDSA' },
    joinLines: { lineOf: (secret) => secret, renewFile: async () => undefined },
    secrets: { store: createEmbeddedStore({ db, master: masterKeyOf(randomBytes(32)) }), prove: async () => undefined },
    shortHash: (text) => text,
  }
  const joined = async () => {
    const plane = aChain()
    await db.insertInto('audit_chains').values({ plane: plane.plane, seq: 0, hash: FIRST_PREV }).execute()
    const ship = (records: readonly AuditRecord[], nowMs = Date.now()) => ingest(db, plane, parseBatch(ndjson(records), plane.plane), nowMs)
    const stored = async () => (await chain(ctx, { plane: plane.plane, afterSeq: 0, first: 1000 })).records
    return { ...plane, ship, stored }
  }
  return { db, ctx, joined, [Symbol.asyncDispose]: () => made.drop() }
}

test('a batch is stored as it was written, and the stored records verify', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = [
    plane.add({ kind: 'boot' }),
    plane.add({ handle: 'alice', server: 'sql', tool: 'execute_query', outcome: 'answered', args: '{"sql":"select 1"}', result: '1' }),
    plane.add({ kind: 'head' }),
  ]
  expect(await plane.ship(records)).toEqual({ stored: 3 })
  const stored = await plane.stored()
  expect(stored).toEqual(records)
  const heads = [{ seq: 0, hash: FIRST_PREV }, ...stored.map(({ header: { seq }, hash }) => ({ seq, hash }))]
  stored.forEach((record, at) => expect(faultOf(heads[at] ?? { seq: -1, hash: '' }, record, plane.key)).toBeUndefined())
})

test('a record that is sent twice is stored once, also when batches overlap or arrive at once', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = plane.many(20)
  await plane.ship(records.slice(0, 10))
  expect(await plane.ship(records.slice(0, 10))).toEqual({ stored: 10 })
  const answers = await Promise.all([plane.ship(records.slice(5, 15)), plane.ship(records.slice(5, 20)), plane.ship(records.slice(8, 20))])
  for (const { fault } of answers) expect(fault).toBeUndefined()
  expect((await plane.stored()).map(({ header }) => header.seq)).toEqual(records.map(({ header }) => header.seq))
})

test('however records are split into batches and repeated, each is stored exactly once and in order', async () => {
  await using store = await aStore()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(12), { maxLength: 12 }), async (cuts) => {
      const plane = await store.joined()
      const records = plane.many(12, { args: 'x' })
      let upTo = 0
      for (const cut of [...cuts, 12]) {
        const { stored } = await plane.ship(records.slice(Math.min(cut, upTo), cut))
        upTo = Math.max(upTo, cut)
        expect(stored).toBe(upTo)
      }
      expect(await plane.stored()).toEqual(records)
    }),
    { numRuns: 20 },
  )
})

test.for([
  ['a record left out', 'gap', 4, (records: AuditRecord[]) => records.toSpliced(4, 1)],
  ['records exchanged', 'gap', 3, (records: AuditRecord[]) => records.toSpliced(3, 2, ...records.slice(3, 5).toReversed())],
  [
    'a changed header',
    'wrong-hash',
    4,
    (records: AuditRecord[]) => changed(records, 4, ({ header }) => ({ header: { ...header, handle: 'bob' } })),
  ],
  ['a changed body', 'wrong-body', 4, (records: AuditRecord[]) => changed(records, 4, () => ({ args: 'something else' }))],
  ['another hash', 'wrong-hash', 4, (records: AuditRecord[]) => changed(records, 4, () => ({ hash: 'f'.repeat(64) }))],
  [
    'a head signed by someone else',
    'wrong-signature',
    6,
    (records: AuditRecord[]) => {
      const other = aChain(records[0]?.header.plane)
      const again = records.map(({ header: { kind, boot, atMs }, args }) => other.add({ kind, boot, atMs, ...(args ? { args } : {}) }))
      return again
    },
  ],
] as const)('%s is refused as %s, and the records before it stay', async ([, fault, kept, spoil]) => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = [...plane.many(6, { args: 'select 1' }), plane.add({ kind: 'head' })]
  const answer = await plane.ship(spoil(records))
  expect(answer).toMatchObject({ stored: kept, fault: { fault } })
  expect(await plane.stored()).toHaveLength(kept)
  if (fault !== 'wrong-signature') expect(await plane.ship(records)).toEqual({ stored: 7 })
})

const changed = (records: AuditRecord[], at: number, to: (record: AuditRecord) => Partial<AuditRecord>) =>
  records.map((record, index) => (index === at ? { ...record, ...to(record) } : record))

test('another record with a used number is refused, not skipped as a repetition', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  await plane.ship(plane.many(5))
  const setBack = aChain(plane.plane)
  expect(await plane.ship(setBack.many(5))).toEqual({ stored: 5, fault: { seq: 1, fault: 'broken-link' } })
})

test.for([
  ['no JSON', 'line 1 is no audit record', (): string => '{"hash":'],
  [
    'an unknown header field',
    'mood',
    (): string => {
      const record = aChain(ours).add()
      return ndjson([{ ...record, header: { ...record.header, mood: 'good' } }])
    },
  ],
  ['a record of another plane', 'of another plane', (): string => ndjson([aChain(ours).add(), aChain().add()])],
] as const)('%s is refused with a message', ([, words, text]) => {
  expect(() => parseBatch(text(), ours)).toThrow(words)
})

test('text that a database column refuses is stored completely', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = [
    plane.add({
      userAgent: 'a\0b',
      handle: 'nul\0',
      tool: 'marks \u001d\u001e',
      detail: 'lone \ud800',
      args: 'nul \0 and "quotes" \\ {x}',
      result: '',
    }),
  ]
  expect(await plane.ship(records)).toEqual({ stored: 1 })
  expect(await plane.stored()).toEqual(records)
})

test('a record of an older plane is stored whole however long its texts are, and a search finds it by the first of them', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const long = (text: string) => text.repeat(300_000)
  const records = [plane.add({ handle: long('ab'), tool: long('\ud83d'), detail: long('cdef') }), plane.add({ handle: 'alice' })]
  expect(await plane.ship(records)).toEqual({ stored: 2 })
  const page = await chain(store.ctx, { plane: plane.plane, afterSeq: 0, first: 1000 })
  expect([page.records.length, page.misfiled, page.misdated]).toEqual([2, [], []])
  expect(page.records[0]).toEqual(records[0])
  const found = await search(store.ctx, { user: 'ab'.repeat(250), first: 10 })
  expect(found.items).toMatchObject([{ seq: 1 }])
})

test('a stand-in keeps the place of a record that could not be sent, and a search shows what it says', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const [first, apart, third] = plane.many(3, { handle: 'alice', tool: 'echo' })
  const standIn = { hash: apart?.hash, apart: { ...apart?.header, detail: 'cut' }, bytes: 40_000_000, why: 'too long' }
  const batch = parseBatch(ndjson([first ?? {}, standIn, third ?? {}]), plane.plane)
  expect(await ingest(store.db, plane, batch, Date.now())).toEqual({ stored: 3 })
  expect(await ingest(store.db, plane, batch, Date.now())).toEqual({ stored: 3 })
  const page = await chain(store.ctx, { plane: plane.plane, afterSeq: 0, first: 1000 })
  expect(page).toEqual({ records: [first, third], apart: [standIn], misfiled: [], misdated: [] })
  const { items } = await search(store.ctx, { user: 'alice', first: 10 })
  expect(items.find(({ seq }) => seq === 2)).toMatchObject({ tool: 'echo', detail: 'set apart on its plane, 40000000 bytes: too long' })
  const elsewhere = { ...standIn, hash: third?.hash, apart: { ...apart?.header, seq: 5 } }
  const broken = await ingest(store.db, plane, parseBatch(ndjson([elsewhere]), plane.plane), Date.now())
  expect(broken).toEqual({ stored: 3, fault: { seq: 5, fault: 'gap' } })
})

test.for<[column: string, change: Partial<Record<'handle' | 'tool' | 'kind' | 'header' | 'reason', string>> | { at: string }]>([
  ['handle', { handle: 'bob' }],
  ['tool', { tool: 'echo' }],
  ['kind', { kind: 'head' }],
  ['reason', { reason: 'no-grant' }],
  ['header', { header: '{}' }],
  // Later on the same day, since each day has a partition of its own.
  ['at', { at: "date_trunc('day', at at time zone 'UTC') at time zone 'UTC' + interval '23:59:59.999'" }],
])('a column %s that was changed in the database is named', async ([column, change]) => {
  await using store = await aStore()
  const plane = await store.joined()
  await plane.ship(plane.many(2, { handle: 'alice', tool: 'execute_query', atMs: Date.now() - 3_600_000 }))
  const row = 'at' in change ? sql`at = ${sql.raw(change.at)}` : sql`${sql.ref(column)} = ${Object.values(change)[0]}`
  await sql`update audit_headers set ${row} where seq = 2`.execute(store.db)
  const { misfiled } = await chain(store.ctx, { plane: plane.plane, afterSeq: 0, first: 1000 })
  expect(misfiled).toEqual([{ seq: 2, columns: [column] }])
})

test('a header with its keys in another order is stored as the bytes that its hash covers', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const record = plane.add({ handle: 'alice' })
  const other = { ...record, header: Object.fromEntries(Object.entries(record.header).toReversed()) as AuditRecord['header'] }
  expect(await plane.ship([other])).toEqual({ stored: 1 })
  const { header } = await store.db.selectFrom('audit_headers').select('header').executeTakeFirstOrThrow()
  expect(header).toBe(JSON.stringify(record.header))
})

test('a batch that begins beyond the end of the chain is refused, and nothing of it is stored', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = plane.many(6, { args: 'x' })
  await plane.ship(records.slice(0, 2))
  expect(await plane.ship(records.slice(3))).toEqual({ stored: 2, fault: { seq: 4, fault: 'gap' } })
  expect(await plane.stored()).toEqual(records.slice(0, 2))
  expect(await plane.ship(records.slice(2))).toEqual({ stored: 6 })
})

test('a record with a time that is years off is stored within a month of now, and its header keeps the time', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const records = [plane.add({ atMs: 0 }), plane.add({ atMs: Date.parse('2999-01-01') })]
  expect(await plane.ship(records)).toEqual({ stored: 2 })
  expect(await plane.stored()).toEqual(records)
})

test('two planes that store the first records of a day at once both succeed', async () => {
  await using store = await aStore()
  const planes = await Promise.all([store.joined(), store.joined(), store.joined(), store.joined()])
  const answers = await Promise.all(planes.map((plane) => plane.ship(plane.many(3))))
  expect(answers).toEqual(planes.map(() => ({ stored: 3 })))
})

test('a search returns the newest records first, in pages, and filters them', async () => {
  await using store = await aStore()
  const [one, two] = [await store.joined(), await store.joined()]
  const atMs = Date.now()
  await one.ship(Array.from({ length: 7 }, (_, at) => one.add({ handle: 'alice', server: 'sql', outcome: 'answered', atMs: atMs - at })))
  await two.ship([two.add({ handle: 'bob', outcome: 'refused', reason: 'no-grant', atMs, args: '{"a":1}', durationUs: 1500 })])

  const pages: number[] = []
  let after: string | undefined
  do {
    const page: Awaited<ReturnType<typeof search>> = await search(store.ctx, { user: 'alice', first: 3, ...(after ? { after } : {}) })
    pages.push(...page.items.map(({ at }) => Date.parse(at)))
    after = page.next ?? undefined
  } while (after)
  expect(pages).toEqual(Array.from({ length: 7 }, (_, at) => atMs - at))

  await two.ship([two.add({ kind: 'refusals', outcome: 'refused', count: 12, atMs })])
  expect((await search(store.ctx, { kind: 'refusals', first: 1 })).items).toMatchObject([{ detail: expect.stringContaining('12 more') }])

  const refused = await search(store.ctx, { outcome: 'refused', reason: 'no-grant', since: new Date(atMs).toISOString(), first: 10 })
  expect(refused.items).toMatchObject([{ user: 'bob', reason: 'no-grant', args: '{"a":1}', durationMs: 1.5, plane: two.plane }])
  expect((await search(store.ctx, { until: new Date(atMs - 6).toISOString(), first: 10 })).items).toEqual([])
  await expect(search(store.ctx, { first: 3, after: Buffer.from('x y').toString('base64url') })).rejects.toThrow('cursor')
})

test('the records of a token and of a session are found, with all that they say, and no record that only quotes one', async () => {
  await using store = await aStore()
  const plane = await store.joined()
  const [token, sid, quoted] = [uuidv7(), uuidv7(), uuidv7()]
  const said = {
    subject: quoted,
    userAgent: `agent "tokenId":"${quoted}" ${quoted}`,
    endpoint: '/mcp/sql',
    era: '2026-07-28',
    httpStatus: 401,
    rpcCode: -31401,
    argsBytes: 3,
    resultBytes: 4,
  }
  const atMs = Date.now()
  await plane.ship([
    plane.add({ tokenId: token, handle: 'alice', atMs: atMs - 40 * 86_400_000 }),
    plane.add({ v: 2, tokenId: token, sessionId: sid, handle: 'alice', behind: true, offline: true, ...said, atMs }),
    plane.add({ v: 2, tokenId: uuidv7(), sessionId: sid, handle: 'alice', atMs }),
    plane.add({ kind: 'change', method: 'sessions.end', detail: `session ${sid}`, atMs }),
    plane.add({ kind: 'refusals', outcome: 'refused', handle: 'alice', count: 7, atMs }),
  ])
  const seqs = async (filters: object) => (await search(store.ctx, { first: 10, ...filters })).items.map(({ seq }) => seq)
  expect(await seqs({ token })).toEqual([2])
  expect(await seqs({ token: token.toUpperCase(), since: new Date(atMs - 32 * 86_400_000).toISOString() })).toEqual([2, 1])
  expect(await seqs({ token, until: new Date(atMs - 1).toISOString() })).toEqual([1])
  expect(await seqs({ session: sid })).toEqual([4, 3, 2])
  expect(await seqs({ session: sid, kind: 'change' })).toEqual([4])
  expect(await seqs({ session: sid, token })).toEqual([2])
  expect([await seqs({ token: quoted }), await seqs({ session: quoted }), await seqs({ token: sid })]).toEqual([[], [], []])
  const whole = { ...said, user: 'alice', tokenId: token, sessionId: sid, behind: true, offline: true, count: null }
  expect((await search(store.ctx, { token, first: 1 })).items).toMatchObject([whole])
  expect((await search(store.ctx, { kind: 'refusals', first: 1 })).items).toMatchObject([{ count: 7, tokenId: null, offline: null }])
})

test('a search that finds nothing tells of names that neither the policy nor a record knows', async () => {
  await using store = await aStore()
  const settings = '{"url":"https://q.example.com"}'
  await store.ctx.db.insertInto('servers').values({ id: 'quiet', kind: 'remote', title: null, settings, labels: '{}' }).execute()
  const plane = await store.joined()
  await plane.ship([plane.add({ handle: 'gone', server: 'gone-server', tool: 'gone_tool', reason: 'of-a-later-version' })])
  const searched = (filters: object) => search(store.ctx, { first: 5, ...filters })
  await expect(searched({ user: 'nobody' })).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no person nobody, and no record names one.',
  })
  await expect(searched({ server: 'nope' })).rejects.toMatchObject({ message: 'There is no server nope, and no record names one.' })
  await expect(searched({ tool: 'nope' })).rejects.toMatchObject({ message: 'No server has a tool nope, and no record names one.' })
  const wrongReason = { code: 'not_found', message: 'no-grnat is none of the reasons that docs/audit.md lists, and no record has it.' }
  await expect(searched({ reason: 'no-grnat' })).rejects.toMatchObject(wrongReason)
  expect((await searched({ reason: 'no-grant' })).items).toEqual([])
  expect((await searched({ reason: 'of-a-later-version', outcome: 'refused' })).items).toEqual([])
  const backwards = { since: '2026-11-22T08:00:00Z', until: '2026-11-22T08:00:00+00:00' }
  await expect(searched(backwards)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('until: ') as string })
  expect((await searched({ server: 'quiet' })).items).toEqual([])
  expect((await searched({ user: 'gone', server: 'gone-server', tool: 'gone_tool', outcome: 'refused' })).items).toEqual([])
})

test.for<[string, { header?: string; seq?: string; plane?: string }]>([
  ['a text that is no JSON', { header: 'forged' }],
  ['a header of another shape', { header: '{"v":1}' }],
  ['a time that no calendar has', { header: 'late' }],
  ['a number below zero', { header: 'x', seq: '-5' }],
  ['a number that no double holds', { header: 'x', seq: '9223372036854775807' }],
  ['an id of no version', { header: 'x', plane: '12345678-1234-0000-0000-123456789abc' }],
])('a forged row hides no record from a search: %s', async ([, { header = '', seq = '3', plane: id }]) => {
  await using store = await aStore()
  const plane = await store.joined()
  const [record] = plane.many(2)
  await plane.ship([record as AuditRecord])
  const text = header === 'late' ? JSON.stringify({ ...record?.header, atMs: 9e15 }) : header
  const row = { plane: id ?? plane.plane, seq, at: new Date(Date.now() + 1), header: text, hash: 'h', kind: 'call' }
  await store.db
    .insertInto('audit_headers')
    .values(row as never)
    .execute()
  const first = await search(store.ctx, { first: 1 })
  const second = await search(store.ctx, { first: 1, after: first.next ?? '' })
  const found = [...first.items, ...second.items].sort((a, b) => a.kind.localeCompare(b.kind))
  expect(found).toMatchObject([
    { seq: 1, kind: 'call' },
    { kind: 'unreadable', detail: expect.stringContaining(`The row ${seq} of the plane ${row.plane}`) },
  ])
  expect(AuditRow.array().parse(found)).toEqual(found)
})

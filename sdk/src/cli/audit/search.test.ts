import { expect, test } from 'vitest'
import { standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

const aRow = (seq: number, more = {}) => ({
  plane: '01890000-0000-7000-8000-0000000000aa',
  seq,
  at: '2026-11-22T08:00:00Z',
  kind: 'call',
  user: 'alice',
  actor: null,
  client: null,
  ip: null,
  method: 'tools/call',
  server: 'sql',
  tool: 'execute_query',
  level: 'read',
  outcome: 'answered',
  reason: null,
  detail: null,
  revision: 3,
  durationMs: 12.4,
  args: '{"sql":"select 1"}',
  result: null,
  traceId: null,
  call: null,
  tokenId: '01a2237b-7ff3-7093-91e8-aedd233c79cd',
  sessionId: '01a2237b-7af3-7487-a2b2-2fb8cce680d0',
  userAgent: 'agent/1',
  offline: true,
  ...more,
})

/** Holds so many records, newest first, in pages. */
const aGateway = (count: number, asked: unknown[] = []) =>
  standIn({
    audit: {
      search({ first, after, ...filters }) {
        asked.push({ first, ...filters })
        const top = after === undefined ? count : Number(after)
        const items = Array.from({ length: Math.min(first, top) }, (_, at) => aRow(top - at))
        return { items, next: top > first ? String(top - first) : null }
      },
    },
  })

test('filters reach the gateway, with times as full dates', async () => {
  const asked: unknown[] = []
  await using gateway = await aGateway(1, asked)
  await bir(
    ['audit', 'search', '--user', 'alice', '--outcome', 'refused', '--reason', 'no-grant', '--since', '2h', '--until', '1h'],
    at(gateway.url),
  )
  expect(asked).toEqual([
    {
      first: 50,
      user: 'alice',
      outcome: 'refused',
      reason: 'no-grant',
      since: '2026-11-22T07:00:00.000Z',
      until: '2026-11-22T08:00:00.000Z',
    },
  ])
})

test('the records of a token and of a session are asked for by their ids', async () => {
  const asked: unknown[] = []
  await using gateway = await aGateway(1, asked)
  const [token, session] = ['01a2237b-7ff3-7093-91e8-aedd233c79cd', '01a2237b-7af3-7487-a2b2-2fb8cce680d0']
  const { out } = await bir(['audit', 'search', '--token', token, '--session', session, '--json'], at(gateway.url))
  expect(asked).toEqual([{ first: 50, token, session }])
  expect(JSON.parse(out)).toMatchObject({ tokenId: token, sessionId: session, userAgent: 'agent/1', offline: true })
})

test.for<[limit: string, lines: number]>([
  ['3', 3],
  ['700', 700],
  ['0', 1203],
])('--limit %s gives %i of 1203 records, over many pages', async ([limit, lines]) => {
  await using gateway = await aGateway(1203)
  const { out } = await bir(['audit', 'search', '--limit', limit, '--json'], at(gateway.url))
  const rows = out
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { seq: number }).seq)
  expect([rows.length, new Set(rows).size]).toEqual([lines, lines])
})

test('a person reads a table', async () => {
  await using gateway = await aGateway(1)
  const { out } = await bir(['audit', 'search'], at(gateway.url))
  expect(out.split('\n').slice(0, 2)).toEqual([
    'at                    who    what               outcome   ms  why',
    '2026-11-22T08:00:00Z  alice  sql/execute_query  answered  12  -',
  ])
})

test('a change is told with what it changed to, if its body is still there', async () => {
  const changed = (detail: string, args: string | null, seq: number) =>
    aRow(seq, { kind: 'change', method: 'x.put', tool: null, detail, args })
  const items = [
    changed('notes: killed', '{"action":"servers.kill","target":"notes","detail":"true"}', 5),
    changed('alice', '{"action":"selections.set","target":"alice","detail":"sql: level read, off nothing"}', 4),
    changed('alice', JSON.stringify({ target: 'alice', detail: 'x'.repeat(300) }), 3),
    changed('alice', null, 2),
    changed('alice', '{"target":"al', 1),
  ]
  await using gateway = await standIn({ audit: { search: () => ({ items, next: null }) } })
  const { out } = await bir(['audit', 'search', '--kind', 'change'], at(gateway.url))
  const why = out
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(' 12  ')[1])
  expect(why).toEqual(['notes: killed', 'alice: sql: level read, off nothing', `alice: ${'x'.repeat(200)}…`, 'alice', 'alice'])
})

test('an empty result is noted on stderr, and is no failure', async () => {
  await using gateway = await aGateway(0)
  expect(await bir(['audit', 'search'], at(gateway.url))).toEqual({ exit: 0, out: '', err: 'Nothing is recorded that fits.\n' })
})

test('texts of callers cannot control the terminal of the reader', async () => {
  const hostile = aRow(1, { tool: '\u001B[2Jgone\u202Ereversed', detail: 'one\ntwo\u009B31m' })
  await using gateway = await standIn({ audit: { search: () => ({ items: [hostile], next: null }) } })
  const { out } = await bir(['audit', 'search'], at(gateway.url))
  expect(out).toContain(String.raw`sql/\u001b[2Jgone\u202ereversed`)
  expect(out).toContain(String.raw`one two\u009b31m`)
  expect(out.split('\n')).toHaveLength(3)
})

test('lines are coloured and cut on a terminal alone', async () => {
  await using gateway = await aGateway(1)
  const terminal = { columns: 40, colour: true }
  const { out } = await bir(['audit', 'search'], { ...at(gateway.url), terminal })
  expect(out).toContain('\u001B[2m')
  expect(out.split('\n')[1]).toHaveLength(40)
  const plain = await bir(['audit', 'search'], { ...at(gateway.url), terminal: { ...terminal, colour: false } })
  expect(plain.out).not.toContain('\u001B')
})

test.for([
  [['--since', '1h', '--until', '2h'], '--until 2h is not after --since 1h.'],
  [['--since', '2030-01-01'], '--since 2030-01-01 is yet to come: nothing is recorded from then on.'],
] as const)('a time in which nothing can be recorded is a mistake: %s', async ([flags, words]) => {
  const asked: unknown[] = []
  await using gateway = await aGateway(1, asked)
  expect(await bir(['audit', 'search', ...flags], at(gateway.url))).toMatchObject({
    exit: 2,
    err: expect.stringContaining(words) as string,
  })
  expect(asked).toEqual([])
})

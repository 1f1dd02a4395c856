import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { Server, ServerHealth } from '../../contract/entities.ts'
import { RemoteSettings } from '../../contract/remote.ts'
import { standIn } from '../../testing.ts'
import { at, bir } from '../testing.ts'

type Health = z.input<typeof ServerHealth>

const up: Health = {
  server: 'notes',
  plane: '01890000-0000-7000-8000-0000000000aa',
  planeName: 'plane-1',
  state: 'up',
  era: 'modern',
  breaker: 'closed',
  lastSuccessAt: '2026-11-22T08:59:30Z',
  lastErrorAt: null,
  lastError: null,
  latencyMs: 12.5,
  reportedAt: '2026-11-22T08:59:40Z',
  stale: false,
}
const down: Health = {
  ...up,
  planeName: 'plane-2',
  state: 'down',
  breaker: 'open',
  lastErrorAt: '2026-11-22T08:59:35Z',
  lastError: 'status 500\u001b[2J',
}
const stale: Health = { ...up, planeName: 'plane-3', stale: true }
const off: Health = { ...up, planeName: 'plane-5', killed: true }
const silent: Health = {
  ...up,
  planeName: 'plane-4',
  state: 'unknown',
  era: null,
  lastSuccessAt: null,
  latencyMs: null,
  reportedAt: null,
  stale: true,
}

test('health is listed per plane, with the reason when a server is down and a mark when the report is stale', async () => {
  await using control = await standIn({ servers: { health: () => ({ items: [up, down, stale, silent, off] }) } })
  const { exit, out } = await bir(['server', 'health'], at(control.url))
  expect(exit).toBe(0)
  expect(out.split('\n')).toEqual([
    'server  plane    state              era     last answer           ms    last error            reported',
    'notes   plane-1  up                 modern  2026-11-22T08:59:30Z  12.5  -                     2026-11-22T08:59:40Z',
    'notes   plane-2  down, spared       modern  2026-11-22T08:59:30Z  12.5  2026-11-22T08:59:35Z  2026-11-22T08:59:40Z',
    'notes   plane-3  stale (was up)     modern  2026-11-22T08:59:30Z  12.5  -                     2026-11-22T08:59:40Z',
    'notes   plane-4  unknown            -       -                     -     -                     never',
    'notes   plane-5  switched off (up)  modern  2026-11-22T08:59:30Z  12.5  -                     2026-11-22T08:59:40Z',
    '',
    'notes, by plane-2, at 2026-11-22T08:59:35Z:',
    String.raw`  status 500\u001b[2J`,
    '',
  ])
})

test('a server that is reached over HTTP+SSE is of the era sse', async () => {
  await using control = await standIn({ servers: { health: () => ({ items: [{ ...up, era: 'legacy', overSse: true }] }) } })
  expect((await bir(['server', 'health'], at(control.url))).out).toContain('notes   plane-1  up     sse  2026-11-22T08:59:30Z')
})

test.for([
  [[up], 0],
  [[up, down], 3],
  [[stale], 3],
  [[silent], 3],
  [[], 0],
] as const)('with --exit-code, case %# exits with 0 only when every server is up', async ([items, code]) => {
  await using control = await standIn({ servers: { health: () => ({ items: [...items] }) } })
  expect((await bir(['server', 'health', '--exit-code', '--json'], at(control.url))).exit).toBe(code)
  expect((await bir(['server', 'health'], at(control.url))).exit).toBe(0)
})

const tool = { level: 'read', declared: 'read', labelled: false, hidden: false } as const
const servers: z.input<typeof Server>[] = [
  { id: 'sql', kind: 'mounted', title: 'SQL', killed: false, settings: {}, tools: [{ ...tool, name: 'a' }] },
  ...['notes', 'mail', 'maps', 'post', 'away', 'off'].map((id) => ({
    id,
    kind: 'remote' as const,
    title: id,
    killed: id === 'off',
    remote: RemoteSettings.parse({ url: `http://${id}.test/mcp` }),
    tools: [
      { ...tool, name: 'a', trust: 'unreviewed' as const },
      { ...tool, name: 'b', trust: 'retired' as const },
    ],
  })),
]

test('the list has every server, the number of waiting tools, and its health', async () => {
  const items = [
    up,
    down,
    { ...up, server: 'mail' },
    { ...down, server: 'maps' },
    { ...silent, server: 'maps' },
    { ...stale, server: 'post' },
    { ...silent, server: 'away' },
  ]
  await using control = await standIn({ servers: { list: () => ({ items: servers }), health: () => ({ items }) } })
  const { exit, out } = await bir(['server', 'list'], at(control.url))
  expect(exit).toBe(0)
  expect(out.split('\n')).toEqual([
    'server  kind     tools  wait  trust  health               address',
    'sql     mounted  1      -     -      -                    -',
    'notes   remote   1      1     warn   up on 1 of 2 planes  http://notes.test/mcp',
    'mail    remote   1      1     warn   up                   http://mail.test/mcp',
    'maps    remote   1      1     warn   down                 http://maps.test/mcp',
    'post    remote   1      1     warn   stale                http://post.test/mcp',
    'away    remote   1      1     warn   unknown              http://away.test/mcp',
    'off     remote   1      1     warn   switched off         http://off.test/mcp',
    '',
  ])
})

test('what is wrong with the lists of a server is printed once for the planes that agree', async () => {
  const listFaults = ['The tool "a": inputSchema is missing; it is offered as {"type":"object"}.', 'An error\nof two lines\u001b[2J']
  const items = [
    { ...up, listFaults },
    { ...up, planeName: 'plane-2', listFaults },
    { ...up, planeName: 'plane-3', listFaults: [] },
  ]
  await using control = await standIn({ servers: { health: () => ({ items }), definitions: () => ({ items: [], listFaults }) } })
  const lines = ['  The tool "a": inputSchema is missing; it is offered as {"type":"object"}.', '  An error of two lines<U+001B>[2J', '']
  const health = await bir(['server', 'health'], at(control.url))
  expect(health.out.split('\n').slice(-5)).toEqual([
    '',
    "The lists of notes have faults, which are the server's own (by plane-1, plane-2):",
    ...lines,
  ])
  const definitions = await bir(['server', 'definitions', 'notes'], at(control.url))
  expect(definitions.out.split('\n').slice(-4)).toEqual(["The lists of notes have faults, which are the server's own:", ...lines])
})

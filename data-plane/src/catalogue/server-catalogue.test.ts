import { expect, test, vi } from 'vitest'
import { LISTS } from '../protocol/list-methods.ts'
import { ServerCatalogue } from './server-catalogue.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import type { Asked, Handle, Say } from '../upstream/modern/testing.ts'

const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more })
const page = (tools: unknown[], nextCursor?: string) => ({
  resultType: 'complete',
  tools,
  ttlMs: 0,
  cacheScope: 'private',
  ...(nextCursor !== undefined && { nextCursor }),
})

async function aCatalogue(handle: Handle, secrets: readonly string[] = []) {
  const server = await modernServer(handle, { maxResponseBytes: 10_000_000 })
  const log = vi.fn<(level: string, message: string, fields?: object) => void>()
  const changed = vi.fn<() => void>()
  const catalogue = new ServerCatalogue({
    server: 'things',
    upstream: server.upstream,
    secrets: { values: secrets, hold: () => () => undefined },
    log,
    changed,
    report: () => Promise.resolve(),
  })
  return {
    catalogue,
    changed,
    /** As a client that can do everything; after a change it is also read what other clients are offered. */
    lists: () => server.asked.filter((asked) => asked.method === 'tools/list' && declares(asked)).length,
    logged: (message: string) => log.mock.calls.filter(([, said]) => said === message).map(([, , fields]) => fields),
    async [Symbol.asyncDispose]() {
      catalogue.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const declares = ({ params }: Asked) => Object.keys(params._meta['io.modelcontextprotocol/clientCapabilities'] as object).length > 0

const names = (catalogue: ServerCatalogue) => catalogue.entries('tools/list')?.map(({ offered }) => offered['name'])

test.for<[string, string, Handle, number]>([
  [
    'whose pages never end',
    'more than 100 pages',
    ({ params }, say) => say.result(page([tool(`t${String(params['cursor'])}`)], `${Number(params['cursor'] ?? 0) + 1}`)),
    100,
  ],
  ['whose pages come round again', 'pages that come round again', (_, say) => say.result(page([tool('t')], 'x')), 2],
])('a list %s is cut and said to be, and what was read of it is offered', async ([, why, handle, kept]) => {
  await using given = await aCatalogue((asked, say) => (asked.method === 'tools/list' ? handle(asked, say) : 'as usual'))
  await given.catalogue.refresh()
  expect(given.catalogue.entries('tools/list')).toHaveLength(kept)
  expect(given.logged('a list was cut')).toEqual([{ server: 'things', method: 'tools/list', why, kept }])
})

test('of a hundred thousand tools five thousand are kept', async () => {
  const tools = Array.from({ length: 100_000 }, (_, at) => tool(`t${at}`))
  await using given = await aCatalogue(({ method }, say) => (method === 'tools/list' ? say.result(page(tools)) : 'as usual'))
  await given.catalogue.refresh()
  expect(given.catalogue.entries('tools/list')).toHaveLength(5000)
  expect(given.logged('entries were left out')).toMatchObject([{ leftOut: 95_000 }])
})

test('an entry that is too deep, too long or of too many parts is left out, and the others are offered', async () => {
  let deep: object = { type: 'string' }
  for (let depth = 0; depth < 80; depth++) deep = { items: deep }
  const properties = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`p${at}`, {}]))
  const tools = [
    tool('good'),
    tool('deep', { inputSchema: deep }),
    tool('long', { description: 'x'.repeat(2_000_000) }),
    tool('wide', { outputSchema: { properties } }),
    tool('last'),
  ]
  await using given = await aCatalogue(({ method }, say) => (method === 'tools/list' ? say.result(page(tools)) : 'as usual'))
  await given.catalogue.refresh()
  expect(names(given.catalogue)).toEqual(['good', 'last'])
  expect(given.logged('entries were left out')).toMatchObject([{ leftOut: 3 }])
})

const acknowledge = (id: number, { event }: Say) =>
  event({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true }, _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
  })
const listChanged = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }

test('a server that says without end that its tools changed is read ever more rarely', async () => {
  let version = 0
  await using given = await aCatalogue(({ id, method }, say) => {
    if (method === 'tools/list') return say.result(page([tool(`t${version++}`)]))
    if (method !== 'subscriptions/listen') return 'as usual'
    acknowledge(id, say)
    const more = () => say.response.writable && (say.event(listChanged), setTimeout(more, 1))
    more()
  })
  const before = performance.now()
  await expect.poll(given.lists).toBeGreaterThan(5)
  // 100 ms, 200 ms, 400 ms … between them.
  expect(performance.now() - before).toBeGreaterThan(1000)
})

test('what changes while the list is being read is not missed', async () => {
  let tools = [tool('old')]
  let listening: Say | undefined
  await using given = await aCatalogue(({ id, method }, say) => {
    if (method === 'subscriptions/listen') {
      listening = say
      return acknowledge(id, say)
    }
    if (method !== 'tools/list') return 'as usual'
    const seen = page(tools)
    if (!listening) return say.result(seen)
    // The list is made, then the tools change, and only then does it arrive.
    tools = [tool('new')]
    listening.event(listChanged)
    setTimeout(() => say.result(seen), 20)
  })
  await given.catalogue.refresh()
  expect(names(given.catalogue)).toEqual(['old'])
  await given.catalogue.refresh()
  await expect.poll(() => names(given.catalogue)).toEqual(['new'])
})

test('a list whose refusal repeats a secret is said not to be read, without the secret', async () => {
  await using given = await aCatalogue(
    ({ id, method }, say) =>
      method === 'tools/list'
        ? say.json(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32_000, message: 'you sent the-secret' } }))
        : 'as usual',
    ['the-secret'],
  )
  await given.catalogue.refresh()
  expect(given.logged('a list cannot be read')).toMatchObject([{ why: expect.stringContaining('you sent •••') as string }])
  expect(given.catalogue.faults()).toEqual(['The server answers tools/list with an error, and so this list is empty: you sent •••'])
})

test('a first list that is too large is said to be so, and not that an error was answered or anything listed before', async () => {
  const long = tool('long', { description: 'x'.repeat(10_000_001) })
  await using given = await aCatalogue(({ method }, say) => (method === 'tools/list' ? say.result(page([long])) : 'as usual'))
  await given.catalogue.refresh()
  expect(given.catalogue.faults()).toEqual([
    'The answer of the server to tools/list cannot be used, and so this list is empty: The answer of the MCP server is too large. (more than 10000000 bytes)',
  ])
})

test('each list stands for itself: one that fails keeps what it had, one that is not there is empty, and both are said', async () => {
  let failing = false
  const prompts = { ...page([]), prompts: [{ name: 'p' }] }
  await using given = await aCatalogue(({ method }, say) => {
    if (method === 'server/discover')
      return say.result({ ...page([]), supportedVersions: ['2026-07-28'], capabilities: { tools: {}, prompts: {}, resources: {} } })
    if (method === 'tools/list') return say.result(page([tool(failing ? 'new' : 'old')]))
    if (method === 'prompts/list') return failing ? say.error(-32_603) : say.result(prompts)
    if (method === 'resources/list') return say.result({ ...page([]), resources: [{ uri: 'a:b', name: 'b' }] })
    return 'as usual'
  })
  const counts = () => LISTS.map((method) => given.catalogue.entries(method)?.length)
  const missing = 'The server declares resources, and answers resources/templates/list with "method not found"; the list counts as empty.'
  await given.catalogue.refresh()
  expect([names(given.catalogue), counts()]).toEqual([['old'], [1, 1, 1, 0, 0]])
  expect(given.catalogue.faults()).toEqual([missing])

  failing = true
  await given.catalogue.refresh()
  expect([names(given.catalogue), counts()]).toEqual([['new'], [1, 1, 1, 0, 0]])
  expect(given.catalogue.faults()).toEqual(['The server answers prompts/list with an error, and what it listed before stays: no', missing])
})

test('what is wrong with entries and names is said in sentences, at most fifty', async () => {
  const many = Array.from({ length: 60 }, (_, at) => ({ name: `t${at}` }))
  await using given = await aCatalogue(({ method }, say) =>
    method === 'tools/list' ? say.result(page([tool('a'), tool('a'), tool('repo/list'), ...many])) : 'as usual',
  )
  await given.catalogue.refresh()
  const faults = given.catalogue.faults()
  expect(faults).toHaveLength(51)
  expect(faults[0]).toBe('The tool "t0": inputSchema is missing; it is offered as {"type":"object"}.')
  expect(faults.at(-1)).toBe('And 12 more.')
})

import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { goodEntries, spoiled } from '../protocol/entries/testing.ts'
import { toolOnAggregate } from '../aggregate/rewrite-result.ts'
import { isObject } from '../json/is-object.ts'
import { policyName } from '@bir/sdk/policy-name'
import { testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { serverOf } from '../upstream/testing.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'

type Lists = Readonly<Record<string, unknown>>
type Era = 'legacy' | '2026-07-28'

const memberOf: Record<string, string> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
}

const error = (code: number) => ({ error: { code, message: 'no such thing' } })
const capabilities = { tools: {}, prompts: {}, resources: {} }

/**
 * A server of either era that answers a list with what stands under its method: a list, or an answer of another kind;
 * without one as a server that does not know the method. A call of a tool answers with the name that it was called by.
 */
function listing(lists: () => Lists) {
  return serverOf(async (request: IncomingMessage, response: ServerResponse) => {
    const { id, method, params } = JSON.parse((await text(request)) || '{}') as { id?: number; method?: string; params: { name?: string } }
    if (method === undefined) return response.writeHead(405).end()
    if (id === undefined) return response.writeHead(202).end()
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...answerTo(method, params.name, lists()) }))
  })
}

function answerTo(method: string, name: string | undefined, lists: Lists): object {
  const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
  if (method === 'server/discover') return { result: { ...modern, supportedVersions: ['2026-07-28'], capabilities } }
  if (method === 'initialize') return { result: { protocolVersion: '2025-11-25', capabilities, serverInfo: { name: 'x', version: '1' } } }
  if (method === 'tools/call') return { result: { ...modern, content: [{ type: 'text', text: name }] } }
  const list = lists[method]
  if (Array.isArray(list)) return { result: { ...modern, [memberOf[method] ?? '']: list } }
  return isObject(list) ? list : error(-32601)
}

const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more })
const namesOf = (entries: readonly { name: string }[]) => entries.map(({ name }) => name)

/** Both official clients at an endpoint: what each lists, and its calls. */
async function clientsAt(plane: TestPlane, path: string) {
  const old = await legacyClient(plane, path)
  const modern = new ModernClient({ name: 'new', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  const headers = { Authorization: `Bearer ${await plane.token()}` }
  await modern.connect(new StreamableHTTPClientTransport(new URL(plane.url + path), { requestInit: { headers } }))
  return {
    old: old.client,
    modern,
    both: [old.client, modern] as const,
    async [Symbol.asyncDispose]() {
      await modern.close()
      await old[Symbol.asyncDispose]()
    },
  }
}

const rows = (['legacy', '2026-07-28'] as const).flatMap((era) => ['/mcp', '/mcp/odd'].map((path) => ({ era, path })))

/** A plane before an odd server and a good one. */
async function before(era: Era, lists: () => Lists, tools: readonly string[]) {
  const odd = await listing(lists)
  const good = await sdkServer(things)
  const plane = await planeBefore({
    odd: aRemoteEntry(`${odd.url}/mcp`, era, tools.map(policyName)),
    good: aRemoteEntry(`${good.url}/mcp`, 'legacy', ['echo']),
  })
  return {
    plane,
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await odd[Symbol.asyncDispose]()
      await good[Symbol.asyncDispose]()
    },
  }
}

const memberNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

test.for(rows)('a tool of a $era server that is named as a member of every object is served at $path', async ({ era, path }) => {
  await using given = await before(era, () => ({ 'tools/list': memberNames.map((name) => tool(name)) }), memberNames)
  await using at = await clientsAt(given.plane, path)
  const shown = path === '/mcp' ? memberNames.map((name) => toolOnAggregate('odd', name)) : memberNames
  for (const client of at.both) {
    await expect.poll(async () => namesOf((await client.listTools()).tools)).toEqual(expect.arrayContaining(shown))
    for (const [index, name] of shown.entries())
      expect((await client.callTool({ name })).content).toEqual([{ type: 'text', text: memberNames[index] }])
  }
})

test.for(rows)(
  'whatever a $era server lists, both official clients list at $path what is good of it, and the other servers',
  async ({ era, path }) => {
    const renamed = Object.fromEntries(
      Object.entries(goodEntries).map(([method, entry]) => [
        method,
        [...spoiled(entry)].map((one, at) =>
          isObject(one) && one['name'] === entry['name' as never] ? { ...one, name: `${String(one['name'])}${at}` } : one,
        ),
      ]),
    )
    const lists = { ...renamed, 'tools/list': [tool('first'), ...(renamed['tools/list'] ?? []), 7, null, tool('last')] }
    const tools = ['first', ...Array.from({ length: 2000 }, (_, at) => `t${at}`), 'last']
    await using given = await before(era, () => lists, tools)
    await using at = await clientsAt(given.plane, path)
    const prefix = path === '/mcp' ? 'odd_' : ''
    for (const client of at.both) {
      await expect
        .poll(async () => namesOf((await client.listTools()).tools))
        .toEqual(expect.arrayContaining([`${prefix}first`, `${prefix}last`]))
      if (path === '/mcp') await expect.poll(async () => namesOf((await client.listTools()).tools)).toContain('good_echo')
      expect((await client.listTools()).tools.length).toBeGreaterThan(200)
      expect((await client.listPrompts()).prompts.length).toBeGreaterThan(20)
      expect((await client.listResources()).resources.length).toBeGreaterThan(20)
      expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(20)
    }
  },
)

test.for(['legacy', '2026-07-28'] as const)(
  'each list of a %s server stands for itself: one that is missing or fails hides no other',
  async (era) => {
    const lists: Lists = { 'tools/list': [tool('hi')], 'resources/list': [{ uri: 'a:b', name: 'b' }], 'prompts/list': error(-32603) }
    await using given = await before(era, () => lists, ['hi', 'more'])
    await using at = await clientsAt(given.plane, '/mcp')
    for (const client of at.both) {
      await expect.poll(async () => namesOf((await client.listTools()).tools)).toContain('odd_hi')
      await expect.poll(async () => (await client.listResources()).resources).toContainEqual({ uri: 'mcp+odd:a:b', name: 'b' })
      expect((await client.callTool({ name: 'odd_hi', arguments: {} })).content).toMatchObject([{ text: 'hi' }])
    }
  },
)

test.for(rows)('a tool of a $era server whose name clients refuse is listed and called at $path', async ({ era, path }) => {
  const names = ['repo/list', 'ns:tool', 'with space', 'überall', 'search.all', 'plain']
  await using given = await before(
    era,
    () => ({ 'tools/list': [...names.map((name) => tool(name)), tool(''), tool('x'.repeat(5000))] }),
    names,
  )
  await using at = await clientsAt(given.plane, path)
  for (const client of at.both) {
    await expect.poll(async () => (await client.listTools()).tools.filter(({ name }) => !name.startsWith('good')).length).toBe(names.length)
    const listed = namesOf((await client.listTools()).tools).filter((name) => !name.startsWith('good'))
    if (path !== '/mcp') expect(listed).toEqual(names)
    if (path === '/mcp') expect(listed.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))).toBe(true)
    for (const [at, name] of listed.entries())
      expect((await client.callTool({ name, arguments: {} })).content).toMatchObject([{ text: names[at] }])
  }
  const tools = given.plane.records().flatMap(({ header }) => (header.method === 'tools/call' ? [header.tool] : []))
  expect(new Set(tools)).toEqual(new Set(names.map(policyName)))
})

test('a policy speaks of such a tool by the name it has there, and hides it at both endpoints', async () => {
  const odd = await listing(() => ({ 'tools/list': [tool('repo/list'), tool('plain')] }))
  const entry = aRemoteEntry(`${odd.url}/mcp`, 'legacy', ['plain'])
  const tools = { ...entry.tools, [policyName('repo/list')]: { level: 'read' as const, hidden: true as const } }
  const plane = await testPlane({ grants: { odd: { user: [{ level: 'destroy' }] } } }, [], { odd: { ...entry, tools } })
  for (const [path, own, shown] of [
    ['/mcp', 'odd_repo_list_4pxwgxtx', 'odd_plain'],
    ['/mcp/odd', 'repo/list', 'plain'],
  ] as const) {
    await using at = await clientsAt(plane, path)
    for (const client of at.both) {
      await expect.poll(async () => namesOf((await client.listTools()).tools)).toEqual([shown])
      await expect(client.callTool({ name: own, arguments: {} })).rejects.toThrow('Unknown tool')
    }
  }
  await plane[Symbol.asyncDispose]()
  await odd[Symbol.asyncDispose]()
})

import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { neighbours } from '../testing/neighbours.ts'
import { legacyRequest, MODERN, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'
import { serverOf } from '../upstream/testing.ts'

/**
 * A stand-in for servers whose JSON reader ignores case, such as those with Go's `encoding/json`: of members that fold
 * to one name, the last counts.
 */
const foldingRead = (json: string): unknown =>
  JSON.parse(json, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toUpperCase().toLowerCase(), item]))
      : value,
  )

const modernOnly = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const results: Record<string, object> = {
  'server/discover': { ...modernOnly, supportedVersions: [MODERN], capabilities: { tools: {}, prompts: {}, completions: {} } },
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } },
  'tools/list': { ...modernOnly, tools: ['get_item', 'delete_item'].map((name) => ({ name, inputSchema: { type: 'object' } })) },
}

/** What the gateway itself asks of a server. */
const ofGateway = /^initialize$|initialized$|list$|discover$|listen$/

/** A server that remembers what it was asked to do, as it reads it. */
async function aFoldingServer() {
  const done: unknown[] = []
  const server = await serverOf(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end()
    const { id, method, params } = foldingRead(await text(request)) as { id?: number; method: string; params?: object }
    if (!ofGateway.test(method)) done.push({ method, params })
    if (id === undefined) return response.writeHead(202).end()
    const result = results[method] ?? { ...modernOnly, content: [], messages: [], contents: [] }
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  return { done, url: `${server.url}/mcp`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const planeOf = (url: string, era: 'legacy' | typeof MODERN) =>
  planeBefore({ go: aRemoteEntry(url, era, ['get_item', 'delete_item']) }, { go: { user: [{ level: 'read' }] } })

type Post = RequestInit & { body: string }
type Ask = (method: string, params: Record<string, unknown>) => Promise<Post>

const ask: Record<'modern' | 'legacy', (plane: TestPlane, url: string) => Promise<Ask>> = {
  async modern(plane) {
    const token = await plane.token()
    return async (method, params) => modernRequest(token, method, params)
  },
  async legacy(plane, url) {
    const token = await plane.token()
    const session = await newSession(url, token)
    return async (method, params) => legacyRequest(token, method, params, session)
  },
}

async function newSession(url: string, token: string): Promise<Record<string, string>> {
  const client = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const { headers } = await fetch(url, legacyRequest(token, 'initialize', client))
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '' }
}

/** A request, with a member `"MORE":0` that is replaced; where the odd member is; the name that it is like. */
const attempts = (name: string): [string, Record<string, unknown>, string, string, string][] => [
  ['tools/call', { name, MORE: 0 }, '"NAME":"delete_item"', 'params.NAME', 'name'],
  ['tools/call', { MORE: 0, name }, '"Name":"delete_item"', 'params.Name', 'name'],
  ['tools/call', { name, MORE: 0 }, '"\\u006eAME":"delete_item"', 'params.nAME', 'name'],
  ['tools/call', { name, MORE: 0 }, '"name\\u0000":"delete_item"', 'params.name\\u0000', 'name'],
  ['tools/call', { name, arguments: {}, MORE: 0 }, '"ARGUMENTS":{"id":1}', 'params.ARGUMENTS', 'arguments'],
  ['tools/call', { name, arguments: {}, MORE: 0 }, '"argument\u017f":{"id":1}', 'params.argument\\u017f', 'arguments'],
  ['tools/call', { name, MORE: 0 }, '"ta\u017f\u212aId":"x"', 'params.ta\\u017f\\u212aId', 'taskId'],
  ['tools/call', { name, MORE: 0 }, '"request_state":"x"', 'params.request_state', 'requestState'],
  ['tools/call', { name, MORE: 0 }, '"_META":{}', 'params._META', '_meta'],
  [
    'tools/call',
    { name, inputResponses: { a: { action: 'accept', MORE: 0 } } },
    '"ACTION":"x"',
    'params.inputResponses.a.ACTION',
    'action',
  ],
  [
    'tools/call',
    { name, inputResponses: { a: { roots: [{ uri: 'a:b', MORE: 0 }] } } },
    '"URI":"x"',
    'params.inputResponses.a.roots.0.URI',
    'uri',
  ],
  ['resources/read', { uri: name === 'get_item' ? 'a:b' : 'mcp+go:a:b', MORE: 0 }, '"URI":"c:d"', 'params.URI', 'uri'],
  ['prompts/get', { name, MORE: 0 }, '"naME":"other"', 'params.naME', 'name'],
  ['completion/complete', { ref: { type: 'ref/prompt', name, MORE: 0 }, argument: {} }, '"NAME":"x"', 'params.ref.NAME', 'name'],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name }, argument: { name: 'a', MORE: 0 } },
    '"VALUE":"x"',
    'params.argument.VALUE',
    'value',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name }, argument: {}, context: { MORE: 0 } },
    '"ARGUMENTS":{}',
    'params.context.ARGUMENTS',
    'arguments',
  ],
]

test.for([
  ['modern', '/mcp/go', 'get_item'],
  ['modern', '/mcp', 'go_get_item'],
  ['legacy', '/mcp/go', 'get_item'],
  ['legacy', '/mcp', 'go_get_item'],
] as const)('a name that a server could take for another one goes no further (%s, %s)', async ([era, path, name]) => {
  await using server = await aFoldingServer()
  await using plane = await planeOf(server.url, era === 'modern' ? MODERN : 'legacy')
  const init = await ask[era](plane, plane.url + path)
  for (const [method, params, member, at, meant] of attempts(name)) {
    const asked = await init(method, params)
    const response = await fetch(plane.url + path, { ...asked, body: asked.body.replace('"MORE":0', member) })
    const { error } = (await response.json()) as { error?: object }
    const message = expect.stringContaining(`The member ${at} differs from ${meant} only in its spelling.`)
    expect(error, `${method} ${member}`).toMatchObject({ code: -32602, message })
  }
  expect(server.done).toEqual([])
  const records = plane.records().filter(({ header }) => header.reason === 'look-alike-name')
  expect(records).toHaveLength(attempts(name).length)
  expect(records[0]).toMatchObject({ header: { handle: 'alice', method: 'tools/call', outcome: 'refused' } })
  expect(records[0]?.args).toContain('delete_item')
})

test('so it is with the members of _meta that the protocol has, and with what a client declares', async () => {
  await using server = await aFoldingServer()
  await using plane = await planeOf(server.url, MODERN)
  const asked = modernRequest(await plane.token(), 'tools/call', { name: 'get_item' })
  const prefix = 'io.modelcontextprotocol/'
  for (const [member, at] of [
    ['"PROGRESSTOKEN":1', 'params._meta.PROGRESSTOKEN'],
    [`"${prefix}ClientInfo":{"name":"x"}`, `params._meta.${prefix}ClientInfo`],
    [`"IO.modelcontextprotocol/new":1`, 'params._meta.IO.modelcontextprotocol/new'],
    [`"${prefix}clientInfo":{"name":"x","NAME":"y"}`, `params._meta.${prefix}clientInfo.NAME`],
  ] as const) {
    const body = asked.body.replace('"_meta":{', `"_meta":{${member},`)
    const response = await fetch(`${plane.url}/mcp/go`, { ...asked, body })
    expect(await response.json(), member).toMatchObject({ error: { code: -32602, message: expect.stringContaining(`The member ${at} `) } })
  }
  const body = asked.body.replace('clientCapabilities":{', 'clientCapabilities":{"Sampling":{}')
  const declared = await fetch(`${plane.url}/mcp/go`, { ...asked, body })
  expect(await declared.json()).toMatchObject({ error: { code: -32602, message: expect.stringContaining('clientCapabilities.Sampling ') } })
  expect(server.done).toEqual([])
})

test.for<[string, string, object]>([
  ['METHOD beside method', '{"METHOD":"tools/list",', { code: -32600, message: expect.stringContaining('The member METHOD ') }],
  ['PARAMS beside params', '{"PARAMS":{"name":"delete_item"},', { code: -32600, message: expect.stringContaining('The member PARAMS ') }],
  ['Id beside id', '{"Id":2,', { code: -32600, message: expect.stringContaining('The member Id ') }],
  ['Result beside method', '{"Result":{},', { code: -32600, message: expect.stringContaining('The member Result ') }],
])('%s is no request', async ([, begin, error]) => {
  await using server = await aFoldingServer()
  await using plane = await planeOf(server.url, MODERN)
  const asked = modernRequest(await plane.token(), 'tools/call', { name: 'get_item' })
  const response = await fetch(`${plane.url}/mcp/go`, { ...asked, body: asked.body.replace('{', begin) })
  expect(await response.json()).toMatchObject({ error })
  expect(server.done).toEqual([])
})

test('a method that differs from one of the protocol only in its case is none, whatever the caller may do', async () => {
  await using server = await aFoldingServer()
  const entry = aRemoteEntry(server.url, MODERN, ['get_item', 'delete_item'])
  await using plane = await planeBefore({ go: entry })
  const response = await fetch(`${plane.url}/mcp/go`, modernRequest(await plane.token(), 'Tools/CALL', { name: 'delete_item' }))
  expect(await response.json()).toMatchObject({ error: { code: -32601, message: expect.stringContaining('differs from tools/call') } })
  expect(server.done).toEqual([])
})

test('in a batch the message with such a name is refused, and the others are answered', async () => {
  await using server = await aFoldingServer()
  await using plane = await planeOf(server.url, 'legacy')
  const url = `${plane.url}/mcp/go`
  const token = await plane.token()
  const client = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const opened = await fetch(url, legacyRequest(token, 'initialize', client))
  const init = legacyRequest(token, 'ping', {}, { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' })
  const call = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_item","NAME":"delete_item"}}'
  const response = await fetch(url, { ...init, body: `[${init.body},${call}]` })
  expect(await response.json()).toMatchObject([
    { id: 1, result: {} },
    { id: 2, error: { code: -32602 } },
  ])
  expect(server.done).toEqual([])
})

test('notifications and answers to questions are read in the same way', async () => {
  await using server = await aFoldingServer()
  await using plane = await planeOf(server.url, 'legacy')
  const url = `${plane.url}/mcp/go`
  const token = await plane.token()
  const session = await newSession(url, token)
  const post = async (body: string) => {
    const response = await fetch(url, { ...legacyRequest(token, 'ping', {}, session), body })
    return { status: response.status, text: await response.text() }
  }
  const refused = (name: string) => ({ status: 400, text: expect.stringContaining(`The member ${name} `) })
  const notification = (params: string, method = 'notifications/progress') => `{"jsonrpc":"2.0","method":"${method}","params":{${params}}}`
  expect(await post(notification('"progressToken":"a","PROGRESSTOKEN":1,"progress":1'))).toEqual(refused('params.PROGRESSTOKEN'))
  expect(await post(notification('"requestId":1,"REQUESTID":2', 'notifications/cancelled'))).toEqual(refused('params.REQUESTID'))
  expect(await post(notification('"_meta":{},"_Meta":{}', 'notifications/acme'))).toEqual(refused('params._Meta'))
  expect(await post('{"jsonrpc":"2.0","id":"a","result":{"action":"decline","ACTION":"accept"}}')).toEqual(refused('result.ACTION'))
  expect(await post('{"jsonrpc":"2.0","id":"a","result":{},"ERROR":{}}')).toEqual(refused('ERROR'))
  expect(server.done).toEqual([])
})

test('a request that another plane forwards is read as if it had come from outside', async () => {
  await using server = await aFoldingServer()
  const remotes = { go: aRemoteEntry(server.url, 'legacy', ['get_item', 'delete_item']) }
  await using planes = await neighbours({ grants: { go: { user: [{ level: 'read' }] } } }, [], remotes)
  const home = await planes.start('home')
  const other = await planes.start('other')
  const token = await home.token()
  const session = await newSession(`${home.url}/mcp/go`, token)
  const asked = legacyRequest(token, 'tools/call', { name: 'get_item', NAME: 'delete_item' }, session)
  const response = await fetch(`${other.url}/mcp/go`, asked)
  expect(await response.json()).toMatchObject({ error: { code: -32602, message: expect.stringContaining('params.NAME') } })
  expect(server.done).toEqual([])
})

test('what belongs to a tool, a person or an extension keeps any name', async () => {
  await using server = await aFoldingServer()
  await using plane = await planeBefore({ go: aRemoteEntry(server.url, MODERN, ['get_item']) })
  const args = { name: 'a', NAME: 'b', URI: 'c', _Meta: {}, arguments: { Arguments: 1 } }
  const token = await plane.token()
  const said = async (method: string, params: Record<string, unknown>) =>
    (await fetch(`${plane.url}/mcp/go`, modernRequest(token, method, params))).json()
  const inputResponses = { KEY: { action: 'accept', content: { ACTION: 1, Content: 2 } }, key: { action: 'decline' } }
  expect(await said('tools/call', { name: 'get_item', arguments: args, inputResponses, Other: 1, OTHER: 2 })).toHaveProperty('result')
  expect(await said('acme/pay', { Name: 'x', NAME: 'y', Cursor: 1 })).toHaveProperty('result')
  expect(server.done).toHaveLength(2)
})

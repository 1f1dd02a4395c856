import { request } from 'node:http'
import { expect, test } from 'vitest'
import { legacyRequest, MODERN, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'

const tool = {
  name: 't',
  inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
}

/** A modern server whose one tool wants its region as a header. */
const aServer = () =>
  modernServer(({ method }, say) => {
    if (method === 'tools/list') return say.result({ resultType: 'complete', tools: [tool], ttlMs: 0, cacheScope: 'private' })
    if (method === 'server/discover') return 'as usual'
    return say.result({ resultType: 'complete', content: [], contents: [], messages: [], ttlMs: 0, cacheScope: 'private' })
  })

const planeOf = (server: { url: string }) => planeBefore({ things: aRemoteEntry(`${server.url}/mcp`, MODERN, ['t']) })

async function call(plane: TestPlane, headers: Record<string, string>, args: object = {}) {
  const init = modernRequest(await plane.token(), 'tools/call', { name: 't', arguments: args }, headers)
  const response = await fetch(`${plane.url}/mcp/things`, init)
  return { status: response.status, body: (await response.json()) as { error?: { code: number; message: string } } }
}

const paramsIn = (headers: object) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('mcp-param-')))

test('headers that a tool does not know go on as they came; those it knows are made of its arguments', async () => {
  await using server = await aServer()
  await using plane = await planeOf(server)
  const sent = { 'Mcp-Param-Tenant': 'blue', 'mcp-param-note': '=?base64?w6Q=?=', 'x-other': 'stays here' }
  const { status } = await call(plane, { ...sent, 'mcp-param-region': '=?base64?ZXU=?=' }, { region: 'eu' })
  expect(status).toBe(200)
  const { headers = {} } = server.asked.findLast(({ method }) => method === 'tools/call') ?? {}
  expect(paramsIn(headers)).toEqual({ 'mcp-param-tenant': 'blue', 'mcp-param-note': '=?base64?w6Q=?=', 'mcp-param-region': 'eu' })
  expect(headers).not.toHaveProperty('x-other')
})

test.for([
  ['resources/read', { uri: 'x:y' }],
  ['prompts/get', { name: 'p' }],
  ['things/list', {}],
] as const)('so they do with %s', async ([method, params]) => {
  await using server = await aServer()
  await using plane = await planeOf(server)
  const init = modernRequest(await plane.token(), method, params, { 'mcp-param-tenant': 'blue' })
  expect((await fetch(`${plane.url}/mcp/things`, init)).status).toBe(200)
  expect(server.asked.find((asked) => asked.method === method)?.headers).toMatchObject({ 'mcp-param-tenant': 'blue' })
})

test.for<[string, Record<string, string>, string]>([
  ['more than 64', Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`mcp-param-${at}`, 'x'])), 'more Mcp-Param headers'],
  ['more than 8,192 characters', { 'mcp-param-long': 'x'.repeat(8_192) }, 'more Mcp-Param headers'],
  ['bytes beyond ASCII', { 'mcp-param-odd': 'caf\u00e9' }, 'mcp-param-odd has a value that no header may have'],
  ['nothing in it', { 'mcp-param-odd': '' }, 'mcp-param-odd has a value that no header may have'],
  ['base64 that is none', { 'mcp-param-odd': '=?base64?w6Q?=' }, 'mcp-param-odd has a value that no header may have'],
])('a request with %s among them is refused, and the server not asked', async ([, headers, say]) => {
  await using server = await aServer()
  await using plane = await planeOf(server)
  const { status, body } = await call(plane, headers)
  expect([status, body.error?.code]).toEqual([400, -32_020])
  expect(body.error?.message).toContain(say)
  expect(server.asked.some(({ method }) => method === 'tools/call')).toBe(false)
})

test('who has `Connection` take one out on the way is refused', async () => {
  await using server = await aServer()
  await using plane = await planeOf(server)
  const { headers, body } = modernRequest(await plane.token(), 'tools/call', { name: 't', arguments: {} })
  const given = { ...(headers as Record<string, string>), connection: 'close, Mcp-Param-Tenant', 'mcp-param-tenant': 'blue' }
  const status = await new Promise((resolve) =>
    request(`${plane.url}/mcp/things`, { method: 'POST', headers: given }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).end(body),
  )
  expect(status).toBe(400)
  expect(server.asked.some(({ method }) => method === 'tools/call')).toBe(false)
})

test('a client of an older revision sends none, and a server of one gets none', async () => {
  await using server = await aServer()
  await using plane = await planeOf(server)
  const token = await plane.token()
  const begin = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }
  const { headers } = await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'initialize', begin))
  const session = { 'mcp-session-id': headers.get('mcp-session-id') ?? '', 'mcp-param-tenant': 'blue', 'mcp-param-region': 'us' }
  const legacy = legacyRequest(token, 'tools/call', { name: 't', arguments: { region: 'eu' } }, session)
  expect((await fetch(`${plane.url}/mcp/things`, legacy)).status).toBe(200)
  expect(paramsIn(server.asked.findLast(({ method }) => method === 'tools/call')?.headers ?? {})).toEqual({ 'mcp-param-region': 'eu' })

  await using old = await sdkServer(things)
  await using before = await planeBefore({ old: aRemoteEntry(`${old.url}/mcp`, 'legacy', ['echo']) })
  const modern = modernRequest(await before.token(), 'tools/call', { name: 'echo', arguments: {} }, { 'mcp-param-tenant': 'blue' })
  expect((await fetch(`${before.url}/mcp/old`, modern)).status).toBe(200)
  expect(old.seen.map(({ headers }) => paramsIn(headers))).toEqual(old.seen.map(() => ({})))
})

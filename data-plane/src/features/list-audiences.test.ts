import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { legacyRequest, modernRequest } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'

type Capabilities = Record<string, unknown>

interface Message {
  id?: number
  method?: string
  params: { name?: string; capabilities?: Capabilities; _meta?: Record<string, Capabilities> }
}

const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'
const modern = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const introduction = { capabilities: { tools: {} }, serverInfo: { name: 'asking', version: '3' } }

/** What it offers to a client with these capabilities. */
function toolsFor({ elicitation, sampling }: Capabilities): string[] {
  const modes = (elicitation ?? {}) as Capabilities
  return ['plain', ...(elicitation ? ['ask'] : []), ...(modes['url'] ? ['visit'] : []), ...(sampling ? ['sample'] : [])]
}

const names = ['plain', 'ask', 'visit', 'sample']

/** A server of either era that offers some tools only to clients that can be asked, as server-everything does. */
function askingServer() {
  const sessions = new Map<string, Capabilities>()
  let asked = 0
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { id, method, params } = JSON.parse((await text(request)) || '{}') as Message
    if (method === undefined) return response.writeHead(405).end()
    if (id === undefined) return response.writeHead(202).end()
    const session = method === 'initialize' ? randomUUID() : request.headers['mcp-session-id']?.toString()
    if (session !== undefined && method === 'initialize') sessions.set(session, params.capabilities ?? {})
    const capabilities = (session === undefined ? params._meta?.[capabilitiesKey] : sessions.get(session)) ?? {}
    if (method === 'tools/list') asked++
    response.writeHead(200, { 'content-type': 'application/json', ...(session !== undefined && { 'mcp-session-id': session }) })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...resultOf(method, params.name ?? '', toolsFor(capabilities)) }))
  }
  return { answer, asked: () => asked }
}

function resultOf(method: string, name: string, tools: readonly string[]): object {
  const meta = { 'io.modelcontextprotocol/serverInfo': introduction.serverInfo }
  switch (method) {
    case 'server/discover':
      return { result: { ...modern, ...introduction, supportedVersions: ['2026-07-28'], _meta: meta } }
    case 'initialize':
      return { result: { ...introduction, protocolVersion: '2025-11-25' } }
    case 'tools/list':
      return { result: { ...modern, tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) } }
    case 'tools/call':
      return tools.includes(name)
        ? { result: { ...modern, content: [{ type: 'text', text: name }] } }
        : { error: { code: -32602, message: `Tool ${name} not found` } }
    default:
      return { error: { code: -32601, message: 'Method not found' } }
  }
}

/** A client of an era with these capabilities at an endpoint. */
async function clientAt(plane: TestPlane, path: string, era: string, capabilities: Capabilities) {
  const token = await plane.token()
  const headers: Record<string, string> = {}
  const send = async (request: RequestInit) => {
    const response = await fetch(plane.url + path, request)
    const sent = await response.text()
    const body = JSON.parse(sent.startsWith('{') ? sent : sent.slice(sent.lastIndexOf('data: ') + 6)) as {
      result: Record<string, unknown> & { tools: { name: string }[]; serverInfo: object; _meta: Record<string, object> }
      error?: { message: string; code: number }
    }
    return { response, body }
  }
  const ask = (method: string, params: Record<string, unknown> = {}) =>
    era === 'legacy'
      ? send(legacyRequest(token, method, params, headers))
      : send(
          modernRequest(token, method, {
            ...params,
            _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', [capabilitiesKey]: capabilities },
          }),
        )
  const begin = era === 'legacy' ? 'initialize' : 'server/discover'
  const { response, body } = await ask(
    begin,
    era === 'legacy' ? { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } } : {},
  )
  const session = response.headers.get('mcp-session-id')
  if (session !== null) Object.assign(headers, { 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' })
  return {
    introduction: body,
    list: async () => (await ask('tools/list')).body.result.tools.map(({ name }) => name),
    call: async (name: string) => (await ask('tools/call', { name, arguments: {} })).body,
  }
}

async function before(era: 'legacy' | '2026-07-28') {
  const asking = askingServer()
  const server = await serverOf(asking.answer)
  const plane = await planeBefore({ asking: aRemoteEntry(`${server.url}/mcp`, era, names) })
  return {
    plane,
    asked: asking.asked,
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const eras = ['legacy', '2026-07-28'] as const
const pairs = eras.flatMap((server) => eras.map((client) => ({ server, client })))
const clients: Capabilities[] = [
  {},
  { elicitation: {} },
  { elicitation: { url: {} } },
  { sampling: {}, roots: {} },
  { elicitation: { form: {}, url: {} }, sampling: {} },
]

test.for(pairs)(
  'a $client client is offered by a $server server the same tools on /mcp as at its own endpoint',
  async ({ server, client }) => {
    await using given = await before(server)
    for (const capabilities of clients) {
      const expected = toolsFor(capabilities)
      const all = await clientAt(given.plane, '/mcp', client, capabilities)
      const own = await clientAt(given.plane, '/mcp/asking', client, capabilities)
      expect(await own.list()).toEqual(expected)
      await expect.poll(() => all.list()).toEqual(expected.map((name) => `asking_${name}`))
      for (const name of names) {
        const { result, error } = await all.call(`asking_${name}`)
        if (expected.includes(name)) expect(result).toMatchObject({ content: [{ text: name }] })
        else expect(error).toMatchObject({ code: -32602, message: `Unknown tool: asking_${name}` })
      }
    }
  },
)

test('what a kind of client is offered is remembered, so lists ask the server no more', async () => {
  await using given = await before('legacy')
  const client = await clientAt(given.plane, '/mcp', 'legacy', { elicitation: {} })
  await expect.poll(() => client.list()).toEqual(['asking_plain', 'asking_ask'])
  const asked = given.asked()
  for (let at = 0; at < 5; at++) await client.list()
  expect(given.asked()).toBe(asked)
})

test.for(pairs)(
  'a $client client hears at the endpoint of a $server server who it is, and on /mcp who the gateway is',
  async ({ server, client }) => {
    await using given = await before(server)
    const infoAt = async (path: string) => {
      const { introduction } = await clientAt(given.plane, path, client, {})
      return client === 'legacy' ? introduction.result.serverInfo : introduction.result._meta['io.modelcontextprotocol/serverInfo']
    }
    expect(await infoAt('/mcp/asking')).toEqual({ name: 'asking', version: '3' })
    expect(await infoAt('/mcp')).toMatchObject({ name: 'bir-mcp' })
  },
)

test.for(eras)('a %s client cannot tell a server that does not exist from one that it may not use', async (client) => {
  await using given = await before('legacy')
  const { introduction: nothing } = await clientAt(given.plane, '/mcp/nosuch', client, {})
  const { introduction: forbidden } = await clientAt(given.plane, '/mcp/sql', client, {})
  expect(nothing.error).toBeUndefined()
  expect(forbidden).toEqual(nothing)
})

import type { ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import { aCall, aListen, aRequest, legacyServer } from '../testing.ts'
import type { Notification } from '../../../protocol/notification.ts'

const json = { 'content-type': 'application/json' }
const stream = { 'content-type': 'text/event-stream' }
const listening = { toolsListChanged: true }

/** Keeps sessions, lists one tool, and answers GET as the test says. `forget` loses all sessions. */
async function withGet(get: (response: ServerResponse) => unknown, streamWithinMs = 60_000) {
  const state = { tool: 'hi', gets: 0 }
  const sessions = new Set<string>()
  let made = 0
  const server = await legacyServer(
    (request, response, { id, method }) => {
      const say = (result: object) => void response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
      if (method === 'initialize') {
        sessions.add(`s${++made}`)
        response.setHeader('mcp-session-id', `s${made}`)
        const capabilities = { tools: { listChanged: true } }
        return say({ protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'x', version: '1' } })
      }
      if (!sessions.has(String(request.headers['mcp-session-id']))) return void response.writeHead(404).end()
      if (request.method === 'GET') return void (state.gets++, get(response))
      if (id === undefined) return void response.writeHead(202).end()
      return say(method === 'tools/list' ? { tools: [{ name: state.tool, inputSchema: { type: 'object' } }] } : {})
    },
    { streamWithinMs, streamRetryMs: 40 },
  )
  return Object.assign(server, { state, forget: () => sessions.clear() })
}

const endings: [string, (response: ServerResponse) => unknown][] = [
  ['404', (response) => response.writeHead(404).end()],
  ['400', (response) => response.writeHead(400).end('Bad Request: unknown session')],
  ['401', (response) => response.writeHead(401).end()],
  ['403', (response) => response.writeHead(403).end()],
  ['405', (response) => response.writeHead(405).end()],
  ['406', (response) => response.writeHead(406).end()],
  ['410', (response) => response.writeHead(410).end()],
  ['501', (response) => response.writeHead(501).end()],
  ['204', (response) => response.writeHead(204).end()],
  ['a redirect', (response) => response.writeHead(302, { location: '/login' }).end()],
  ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hi</h1>')],
  ['JSON', (response) => response.writeHead(200, json).end('{}')],
]

test.for(endings)('a server that answers GET with %s offers no stream: it is asked once, and keeps its session', async ([, get]) => {
  await using server = await withGet(get)
  await expect(server.upstream.listen(aListen(listening))).resolves.toEqual({ honoured: {} })
  await expect(server.upstream.listen(aListen(listening))).resolves.toEqual({ honoured: {} })
  expect(server.state.gets).toBe(1)
  expect(server.sent('initialize')).toHaveLength(1)
})

test.for(endings)('… also when it says so late, and the listener is told of no change', async ([, get]) => {
  const held: ServerResponse[] = []
  await using server = await withGet((response) => held.push(response), 10)
  const heard: Notification[] = []
  const onEnd = vi.fn<() => void>()
  await server.upstream.listen(aListen(listening, { heard, onEnd }))
  await expect.poll(() => held).toHaveLength(1)
  if (held[0]) get(held[0])
  await expect.poll(() => onEnd).toHaveBeenCalledOnce()
  await expect(server.upstream.listen(aListen(listening, { heard }))).resolves.toEqual({ honoured: {} })
  expect(server.state.gets).toBe(1)
  expect(server.sent('initialize')).toHaveLength(1)
  expect(heard).toEqual([])
})

test.for<[string, (response: ServerResponse) => unknown]>([
  ['503', (response) => response.writeHead(503).end()],
  ['429', (response) => response.writeHead(429).end()],
  ['a broken connection', (response) => response.destroy()],
])('a stream that is answered with %s may come later, and that is no fault of the calls', async ([, get]) => {
  await using server = await withGet(get)
  await expect(server.upstream.listen(aListen(listening))).rejects.toMatchObject({
    code: 'upstream_down',
    retryable: true,
    publicMessage: 'The MCP server gives no stream of changes.',
  })
  expect(server.sent('initialize')).toHaveLength(1)
})

test.for<[string, (response: ServerResponse) => unknown]>([
  ['at once', (response) => response.writeHead(200, stream).end()],
  ['after a first event without data', (response) => response.writeHead(200, stream).end('retry: 1\nid: e1\ndata:\n\n')],
  ['after a comment', (response) => response.writeHead(200, stream).end(': hi\n\n')],
])('a stream that ends %s is opened again after ever longer pauses', async ([, get]) => {
  const openedMs: number[] = []
  await using server = await withGet((response) => (openedMs.push(performance.now()), get(response)))
  const heard: Notification[] = []
  await server.upstream.listen(aListen(listening, { heard }))
  await expect.poll(() => openedMs.length).toBeGreaterThanOrEqual(3)
  const [first = 0, second = 0, third = 0] = openedMs
  expect(second - first).toBeGreaterThanOrEqual(79)
  expect(third - second).toBeGreaterThanOrEqual(159)
  expect(server.sent('initialize')).toHaveLength(1)
  expect(heard).toEqual([])
})

test('a stream that each time brings the same news and ends is opened again after ever longer pauses', async () => {
  const openedMs: number[] = []
  const news = 'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
  await using server = await withGet((response) => (openedMs.push(performance.now()), response.writeHead(200, stream).end(news)))
  await server.upstream.listen(aListen(listening))
  await expect.poll(() => openedMs.length).toBeGreaterThanOrEqual(4)
  const [, , third = 0, fourth = 0] = openedMs
  expect(fourth - third).toBeGreaterThanOrEqual(319)
})

test.for([
  ['the same tools: nobody is told', 'hi', 0],
  ['another tool: the listener is told', 'new', 1],
] as const)('after a lost session the lists are compared; %s', async ([, tool, told]) => {
  const held: ServerResponse[] = []
  await using server = await withGet((response) => (held.push(response), response.writeHead(200, stream).flushHeaders()))
  const heard: Notification[] = []
  await server.upstream.request(aRequest('tools/list', {}))
  await server.upstream.listen(aListen(listening, { heard }))
  server.state.tool = tool
  server.forget()
  held[0]?.end()
  await expect.poll(() => held).toHaveLength(2)
  expect(heard).toHaveLength(told)
  expect(server.sent('initialize')).toHaveLength(2)
  await server.upstream.request(aCall('hi'))
})

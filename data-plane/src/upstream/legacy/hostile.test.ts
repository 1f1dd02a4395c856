import type { ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aCall, aListen, legacyServer } from './testing.ts'
import type { Notification } from '../../protocol/notification.ts'

const json = { 'content-type': 'application/json' }
const stream = { 'content-type': 'text/event-stream' }

/** A server that initializes and answers calls as the test says. */
function hostile(call: (response: ServerResponse, id: number) => unknown, initialize: object = {}): Parameters<typeof legacyServer>[0] {
  return (request, response, { id, method }) => {
    if (request.method !== 'POST' || id === undefined || method === undefined) return void response.writeHead(202).end()
    if (method !== 'initialize') return void call(response, Number(id))
    const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' }, ...initialize }
    response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
}

const message = (body: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...body })}\n\n`

test.for<[string, (response: ServerResponse, id: number) => unknown]>([
  ['an answer to another request', (response) => response.writeHead(200, json).end('{"jsonrpc":"2.0","id":999,"result":{}}')],
  ['an id of another type', (response, id) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":"x${id}","result":{}}`)],
  ['a result twice', (response, id) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id},"result":{},"result":{"a":1}}`)],
  ['a result that is no object', (response, id) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id},"result":[]}`)],
  ['text that is no JSON', (response) => response.writeHead(200, json).end('{')],
  ['a stream that ends without a result', (response) => response.writeHead(200, stream).end(message({ method: 'notifications/x' }))],
  ['an accepted request', (response) => response.writeHead(202).end()],
  ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
  ['a redirect', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
  ['a broken connection', (response) => response.destroy()],
])('%s is a fault of the server', async ([, call]) => {
  await using server = await legacyServer(hostile(call))
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
})

test.for([
  [401, 'secret_invalid'],
  [403, 'secret_invalid'],
  [429, 'rate_limited'],
  [503, 'upstream_down'],
] as const)('HTTP %i is the fault %s', async ([status, code]) => {
  await using server = await legacyServer(hostile((response) => response.writeHead(status).end('private words')))
  const failed = server.upstream.request(aCall('x'))
  await expect(failed).rejects.toMatchObject({ name: 'UpstreamFault', code })
  await expect(failed).rejects.not.toThrow('private words')
})

test.for([
  ['HTTP 400', 400, null],
  ['HTTP 404', 404, 1],
] as const)('a JSON-RPC error of the server is passed on under %s too', async ([, status, id]) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no such method' } })
  await using server = await legacyServer(hostile((response) => response.writeHead(status, json).end(body)))
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamRpcError', code: -32601 })
})

test('an answer beyond the limit is refused as too large', async () => {
  await using server = await legacyServer(
    hostile((response, id) => response.writeHead(200, stream).end(message({ id, result: { a: 'x'.repeat(5000) } }))),
    {},
    2000,
  )
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ code: 'too_large' })
})

test.for([[{ protocolVersion: '2026-07-28' }], [{ protocolVersion: 7 }]])(
  'a server that answers initialize with %o gets no request',
  async ([initialize]) => {
    await using server = await legacyServer(hostile((response) => response.writeHead(500).end(), initialize))
    await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault' })
    expect(server.sent('tools/call')).toMatchObject([])
  },
)

test('the transport of 2024-11-05 is refused in clear words', async () => {
  await using server = await legacyServer((_, response) => void response.writeHead(405).end())
  await expect(server.upstream.describe(aCall('x'))).rejects.toMatchObject({ hint: expect.stringContaining('HTTP+SSE') })
})

test('a wrong address is not mistaken for a lost session', async () => {
  await using server = await legacyServer(hostile((response) => response.writeHead(404).end()))
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault' })
  expect(server.sent('initialize')).toHaveLength(1)
})

test('a session that is lost again and again is opened again once, not for ever', async () => {
  const handle = hostile((response) => response.writeHead(404).end())
  await using server = await legacyServer((request, response, body) => {
    response.setHeader('mcp-session-id', 's')
    return handle(request, response, body)
  })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault' })
  expect(server.sent('initialize')).toHaveLength(2)
  expect(server.sent('tools/call')).toHaveLength(2)
})

test('a server may repeat the id of a request as text', async () => {
  const handle = hostile((response, id) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":"${id}","result":{}}`))
  await using server = await legacyServer(handle)
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { resultType: 'complete' } })
})

test('400 for a lost session, as the examples of the SDK send it, is understood', async () => {
  let sessions = 0
  const handle = hostile((response, id) => {
    if (sessions > 1) return response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id},"result":{}}`)
    return response
      .writeHead(400, json)
      .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}}')
  })
  await using server = await legacyServer((request, response, body) => {
    if (body.method === 'initialize') response.setHeader('mcp-session-id', `s${++sessions}`)
    return handle(request, response, body)
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { resultType: 'complete' } })
})

test('a result with the resultType input_required is complete all the same', async () => {
  const result = { resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } }, requestState: 'x' }
  await using server = await legacyServer(
    hostile((response, id) => response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result }))),
  )
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { resultType: 'complete' } })
})

test('requests of a server that came together are passed on together, at most sixteen of them', async () => {
  const asks = Array.from({ length: 40 }, (_, at) => message({ id: at, method: 'roots/list' }))
  await using server = await legacyServer(hostile((response) => response.writeHead(200, stream).write(asks.join(''))))
  const { value } = await server.upstream.request(aCall('x'))
  expect(Object.keys(value['inputRequests'] as object)).toHaveLength(16)
  expect(server.seen.filter(({ body }) => body.error !== undefined)).toHaveLength(24)
})

test('a request that the server cancels is not passed on', async () => {
  const asks = [message({ id: 'a', method: 'roots/list' }), message({ method: 'notifications/cancelled', params: { requestId: 'a' } })]
  await using server = await legacyServer(
    hostile((response, id) => response.writeHead(200, stream).end([...asks, message({ id, result: { ok: true } })].join(''))),
  )
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { ok: true } })
})

test('progress under an unknown token is dropped', async () => {
  const heard: Notification[] = []
  await using server = await legacyServer(
    hostile((response, id) => {
      response.writeHead(200, stream)
      for (const progressToken of [id, id + 1, String(id)]) {
        response.write(message({ method: 'notifications/progress', params: { progressToken, progress: 1 } }))
      }
      response.end(message({ id, result: {} }))
    }),
  )
  await server.upstream.request(aCall('x', {}, { heard }, { _meta: { progressToken: 'mine' } }))
  expect(heard).toMatchObject([{ method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } }])
})

test('a client that reads slowly holds the server back, and receives notifications in order', async () => {
  const heard: unknown[] = []
  const count = 2000
  await using server = await legacyServer(
    hostile((response, id) => {
      response.writeHead(200, stream)
      for (let at = 0; at < count; at++) response.write(message({ method: 'notifications/x', params: { at } }))
      response.end(message({ id, result: {} }))
    }),
  )
  const onNotification = async ({ params }: Notification) => {
    await new Promise((resolve) => setImmediate(resolve))
    heard.push(params?.['at'])
  }
  await server.upstream.request(aCall('x', {}, { onNotification }))
  expect(heard).toMatchObject(Array.from({ length: count }, (_, at) => at))
})

test('a stream that never ends stops when the call is cancelled', async () => {
  const closed = vi.fn<() => void>()
  await using server = await legacyServer(
    hostile((response) => {
      response.writeHead(200, stream)
      const more = () => response.writable && response.write(message({ method: 'notifications/x' }), () => setImmediate(more))
      more()
      response.on('close', closed)
    }),
  )
  const cancel = new Cancel()
  let heard = 0
  const onNotification = () => void (++heard === 50 && cancel.abort(new Error('too long')))
  await expect(server.upstream.request(aCall('x', {}, { cancel, onNotification }))).rejects.toThrow('too long')
  await expect.poll(() => closed).toHaveBeenCalled()
})

test('sessions beyond the limit are refused, unless an idle one can make room', async () => {
  await using server = await legacyServer(
    hostile((response, id) => response.writeHead(200, stream).write(message({ id: 1, method: 'roots/list' })) && id),
    { maxSessions: 1 },
  )
  await server.upstream.request(aCall('x'))
  await expect(server.upstream.request(aCall('x', {}, { person: 'bob' }))).rejects.toMatchObject({ name: 'UpstreamFault', retryable: true })
  await using other = await legacyServer(
    hostile((response, id) => response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":${id},"result":{}}`)),
    { maxSessions: 1 },
  )
  await other.upstream.request(aCall('x'))
  await expect(other.upstream.request(aCall('x', {}, { person: 'bob' }))).resolves.toBeDefined()
})

test('listening at a server that is gone fails at once', async () => {
  await using server = await legacyServer((_, response) => void response.destroy())
  await expect(server.upstream.listen(aListen({ toolsListChanged: true }))).rejects.toMatchObject({ code: 'upstream_down' })
})

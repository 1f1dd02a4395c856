import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aCall, aClient, aRequest, legacyServer } from './testing.ts'

const json = { 'content-type': 'application/json' }
const stream = { 'content-type': 'text/event-stream' }
const message = (body: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...body })}\n\n`

/** Long enough for a server that answers, even on a slow machine. A test waits this long for one that does not. */
const limitMs = 1_000

type Say = (response: ServerResponse, id: number) => unknown
type Handle = Parameters<typeof legacyServer>[0]

const initialized: Say = (response, id) => {
  const result = { protocolVersion: '2025-11-25', capabilities: { logging: {} }, serverInfo: { name: 'x', version: '1' } }
  response
    .setHeader('mcp-session-id', 's')
    .writeHead(200, json)
    .end(JSON.stringify({ jsonrpc: '2.0', id, result }))
}
const fine: Say = (response, id) => response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id, result: { ok: true } }))

/** Answers each method as the test says, and all other methods with success. */
function server(says: Record<string, Say>): Handle {
  return (request, response, { id, method = '' }) => {
    if (request.method === 'GET') return void (says['GET'] ?? ((refused) => refused.writeHead(405).end()))(response, 0)
    if (id === undefined || method === '') return void response.writeHead(202).end()
    const usual = method === 'initialize' ? initialized : fine
    ;(says[method] ?? usual)(response, Number(id))
  }
}

const silent: Say = (response) => response.writeHead(200, stream).flushHeaders()
const chatty: Say = (response) => {
  response.writeHead(200, stream)
  const more = () => response.writable && response.write(message({ method: 'notifications/x' }), () => setTimeout(more, 5))
  more()
}
const dripping: Say = (response) => {
  response.writeHead(200, json)
  const more = () => response.writable && response.write(' ', () => setTimeout(more, 5))
  more()
}
/** Closes the stream again and again, and wants to be polled. */
const polled: Say = (response) => response.writeHead(200, stream).end('id: 1\nretry: 1\ndata:\n\n')

test.for<[string, Record<string, Say>]>([
  ['a stream that says nothing', { initialize: silent }],
  ['a stream that says anything else', { initialize: chatty }],
  ['a body that never ends', { initialize: dripping }],
  ['a stream that is to be polled for ever', { initialize: polled, GET: polled }],
])('initialize answered by %s: the waiting calls time out, and a server that was repaired is used again', async ([, says]) => {
  const now = { ...says }
  await using hostile = await legacyServer((...given) => server(now)(...given), {}, 1_000_000, limitMs)
  await expect(hostile.upstream.describe(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault', code: 'timed_out' })
  for (const key of Object.keys(now)) delete now[key]
  await expect(hostile.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { ok: true } })
})

const logging = { client: aClient({ logLevel: 'debug' }) }

test.for<[string, Say]>([
  ['nothing', silent],
  ['a body that never ends', dripping],
])('a server that answers logging/setLevel with %s delays the session until the timeout, not for ever', async ([, say]) => {
  await using hostile = await legacyServer(server({ 'logging/setLevel': say }), {}, 1_000_000, limitMs)
  await expect(hostile.upstream.request(aCall('x', {}, logging))).resolves.toMatchObject({ value: { ok: true } })
  await expect(hostile.upstream.request(aCall('x', {}, logging))).resolves.toMatchObject({ value: { ok: true } })
  expect(hostile.sent('logging/setLevel')).toHaveLength(1)
})

test('a session that is lost while its log level is set is opened again, without a deadlock', async () => {
  const lost: Say = (response) => response.writeHead(404).end()
  await using hostile = await legacyServer(server({ 'logging/setLevel': lost }))
  await expect(hostile.upstream.request(aCall('x', {}, logging))).resolves.toMatchObject({ value: { ok: true } })
  expect(hostile.sent('initialize')).toHaveLength(2)
  expect(hostile.sent('logging/setLevel')).toHaveLength(2)
})

test('a batch of a hundred thousand pings is answered only until the call ends', async () => {
  const pings = Array.from({ length: 100_000 }, (_, at) => ({ jsonrpc: '2.0', id: at, method: 'ping' }))
  await using hostile = await legacyServer(
    server({ 'tools/call': (response) => response.writeHead(200, stream).write(`data: ${JSON.stringify(pings)}\n\n`) }),
    {},
    100_000_000,
  )
  const cancel = new Cancel()
  const asked = hostile.upstream.request(aCall('x', {}, { cancel }))
  const answered = () => hostile.seen.filter(({ body }) => body.result !== undefined).length
  await expect.poll(answered).toBeGreaterThan(5)
  cancel.abort(new Error('too long'))
  await expect(asked).rejects.toThrow('too long')
  const before = answered()
  for (let at = 0; at < 10; at++) await hostile.upstream.request(aRequest('resources/list', {}))
  expect(answered() - before).toBeLessThan(5)
  expect(answered()).toBeLessThan(100_000)
})

test.for<[string, string]>([
  ['of ten thousand characters', 'x'.repeat(10_000)],
  ['that no header may hold', 'a\u0001é'],
])('an event id %s is ignored: the stream is not resumed', async ([, id]) => {
  await using hostile = await legacyServer(
    server({ 'tools/call': (response) => response.writeHead(200, stream).end(`id: ${id}\ndata:\n\n`), GET: polled }),
  )
  await expect(hostile.upstream.request(aCall('x'))).rejects.toMatchObject({
    code: 'upstream_down',
    message: expect.stringContaining('ended'),
  })
  expect(hostile.seen.filter(({ headers }) => headers['last-event-id'] !== undefined)).toEqual([])
})

test('a message of 100,000 levels is a fault of the server', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  for (const text of [`"result":{"deep":${deep}}`, `"method":"notifications/x","params":{"deep":${deep}}`]) {
    await using hostile = await legacyServer(
      server({
        'tools/call': (response, id) =>
          response.writeHead(200, stream).end(`data: {"jsonrpc":"2.0",${text.startsWith('"r') ? `"id":${id},` : ''}${text}}\n\n`),
      }),
    )
    await expect(hostile.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
  }
})

import type { ServerResponse } from 'node:http'
import { expect, test, vi } from 'vitest'
import { aCall, aClient, aListen, legacyServer } from './testing.ts'
import type { LegacyServer } from './testing.ts'
import { jsonOf } from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

const head = { 'content-type': 'text/event-stream' }
const endpoint = 'event: endpoint\ndata: /messages?sessionId=1\n\n'
const event = (body: object) => `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', ...body })}\n\n`
const initialized = {
  protocolVersion: '2024-11-05',
  capabilities: { tools: { listChanged: true }, logging: {} },
  serverInfo: { name: 'x', version: '1' },
}

interface Script {
  /** Begins the stream. Absent: it names the endpoint. */
  readonly begin?: (stream: ServerResponse) => unknown
  /** Answers a call on the stream, after its POST was accepted. */
  readonly call?: (stream: ServerResponse, id: number) => unknown
  /** Answers a POST. Absent: accepts it. */
  readonly post?: (response: ServerResponse, body: { method?: string; id?: unknown }) => unknown
  readonly callTimeoutMs?: number
}

/** A server of the HTTP+SSE transport that does what a test says. Its latest stream is in `streams`. */
async function scripted({ begin, call, post, callTimeoutMs = 60_000 }: Script): Promise<LegacyServer & { streams: ServerResponse[] }> {
  const streams: ServerResponse[] = []
  const server = await legacyServer(
    (request, response, body) => {
      if (request.method === 'GET') {
        ;(begin ?? ((stream) => stream.writeHead(200, head).write(endpoint)))(response)
        if (response.statusCode === 200) streams.push(response)
        return
      }
      ;(post ?? ((accepted) => accepted.writeHead(202).end('Accepted')))(response, body)
      const stream = streams.at(-1)
      if (body.method === 'initialize') stream?.write(event({ id: body.id, result: initialized }))
      else if (body.id !== undefined && body.method !== undefined && stream) call?.(stream, Number(body.id))
    },
    {},
    100_000,
    callTimeoutMs,
    'sse',
  )
  return Object.assign(server, { streams })
}

const answers: Script['call'] = (stream, id) => stream.write(event({ id, result: { content: [] } }))

test.for<[string, (stream: ServerResponse) => unknown, string]>([
  ['a message before the endpoint', (stream) => stream.writeHead(200, head).write(event({ method: 'x' })), 'begin with an endpoint event'],
  [
    'an endpoint at another host',
    (stream) => stream.writeHead(200, head).write('event: endpoint\ndata: http://169.254.169.254/latest\n\n'),
    'another origin (http://169.254.169.254)',
  ],
  [
    'an endpoint at another port',
    (stream) => stream.writeHead(200, head).write('event: endpoint\ndata: http://127.0.0.1:1/messages\n\n'),
    'another origin',
  ],
  [
    'an endpoint of another scheme',
    (stream) => stream.writeHead(200, head).write('event: endpoint\ndata: file:///etc/passwd\n\n'),
    'origin',
  ],
  ['an endpoint that is no URL', (stream) => stream.writeHead(200, head).write('event: endpoint\ndata: http://[\n\n'), 'no URL'],
  [
    'an endpoint without end',
    (stream) => stream.writeHead(200, head).write(`event: endpoint\ndata: /${'a'.repeat(5000)}\n\n`),
    'more than 4096 characters',
  ],
  [
    'two endpoints',
    (stream) => stream.writeHead(200, head).write('event: endpoint\ndata: /a\n\nevent: endpoint\ndata: /b\n\n'),
    'a second endpoint event',
  ],
  ['no endpoint', (stream) => stream.writeHead(200, head).write(': nothing yet\n\n'), 'no endpoint event within 0.3 s'],
  ['an end at once', (stream) => stream.writeHead(200, head).end(), 'the stream of the session ended'],
  ['404', (stream) => stream.writeHead(404).end(), 'HTTP 404'],
  ['a page', (stream) => stream.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), 'HTTP 200'],
  ['503', (stream) => stream.writeHead(503).end(), 'HTTP 503'],
])('a server that answers the GET with %s is at fault, and named', async ([, begin, says]) => {
  await using server = await scripted({ begin, callTimeoutMs: says.startsWith('no endpoint') ? 300 : 60_000 })
  const failed = server.upstream.request(aCall('x'))
  await expect(failed).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down', message: expect.stringContaining(says) })
  // A second endpoint may come when the first one has been posted to already.
  if (says !== 'a second endpoint event') expect(server.seen.filter(({ http }) => http === 'POST')).toEqual([])
})

test('a server that never answers the GET is timed out', async () => {
  await using server = await scripted({ begin: () => undefined, callTimeoutMs: 300 })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ code: 'timed_out' })
})

test.for([
  [401, 'secret_invalid'],
  [403, 'secret_invalid'],
  [429, 'rate_limited'],
] as const)('HTTP %i to the GET is the fault %s', async ([status, code]) => {
  await using server = await scripted({ begin: (stream) => stream.writeHead(status).end('private words') })
  const failed = server.upstream.request(aCall('x'))
  await expect(failed).rejects.toMatchObject({ name: 'UpstreamFault', code })
  await expect(failed).rejects.not.toThrow('private words')
})

test.for<[string, Script['call'], string]>([
  ['an id that was never asked', (stream) => stream.write(event({ id: 999, result: {} })), 'that was not asked here'],
  ['an id of another type', (stream, id) => stream.write(event({ id: `x${id}`, result: {} })), 'that was not asked here'],
  [
    'a result twice in one answer',
    (stream, id) => stream.write(`data: {"jsonrpc":"2.0","id":${id},"result":{},"result":{"a":1}}\n\n`),
    'a key stands twice',
  ],
  ['a result that is no object', (stream, id) => stream.write(event({ id, result: [] })), 'no object'],
  ['text that is no JSON', (stream) => stream.write('event: message\ndata: {\n\n'), 'no JSON'],
  ['an event of more than it may have', (stream) => stream.write(`data: ${'x'.repeat(200_000)}\n\n`), 'more than'],
  ['a cut stream', (stream) => stream.destroy(), ''],
  ['half an event, and the end', (stream, id) => stream.end(`data: {"jsonrpc":"2.0","id":${id},`), 'the stream of the session ended'],
])('a call that is answered with %s fails, and the next one is served in a new session', async ([, call, says]) => {
  let spoilt = false
  await using server = await scripted({
    call(stream, id) {
      if (spoilt) return answers(stream, id)
      spoilt = true
      return call?.(stream, id)
    },
  })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({
    name: 'UpstreamFault',
    message: expect.stringContaining(says),
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
})

test.for([
  [400, 'did not accept'],
  [404, 'did not accept'],
  [307, 'did not accept'],
  [503, 'cannot be reached'],
] as const)('a POST that is answered with %i fails: it is never taken for accepted', async ([status, says]) => {
  await using server = await scripted({
    call: () => undefined,
    post: (response, { method }) => response.writeHead(method === 'tools/call' ? status : 202, { location: 'http://127.0.0.1:1/' }).end(),
  })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ publicMessage: expect.stringContaining(says) })
})

test('a call whose POST is answered with 500 and words of a session is made once, in the session that stays', async () => {
  await using server = await scripted({
    call: (stream, id) => (server.sent('ping').at(-1)?.body.id === id ? answers(stream, id) : undefined),
    post: (response, { method }) => response.writeHead(method === 'tools/call' ? 500 : 202).end('session broke'),
  })
  await expect(server.upstream.request(aCall('pay'))).rejects.toMatchObject({ code: 'upstream_down' })
  expect(server.sent('tools/call')).toHaveLength(1)
  expect(server.sent('initialize')).toHaveLength(1)
})

test('an answer counts though its POST is never answered, and so does one that is there before the POST is', async () => {
  await using server = await scripted({
    call: answers,
    post: (response, { method }) => method === 'tools/call' || response.writeHead(202).end(),
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
})

test('answers to requests that nobody waits for any more, and the same endpoint again, are ignored', async () => {
  await using server = await scripted({
    call(stream, id) {
      const initializeId = server.sent('initialize')[0]?.body.id
      stream.write(event({ id: initializeId, result: {} }) + endpoint + event({ id: initializeId, error: { code: -1, message: 'x' } }))
      stream.write('event: ping\ndata: now\n\n: a comment\n\ndata:\n\n')
      return answers(stream, id)
    },
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.streams).toHaveLength(1)
})

test('a server that refuses everything for a moment keeps its session, and the calls that wait in it', async () => {
  let refusing = false
  const held: number[] = []
  await using server = await scripted({
    begin: (stream) => (refusing ? stream.writeHead(503).end() : stream.writeHead(200, head).write(endpoint)),
    call: (stream, id) => (held.length === 0 ? void held.push(id) : refusing || answers(stream, id)),
    post: (response) => response.writeHead(refusing ? 503 : 202).end(),
  })
  const waiting = server.upstream.request(aCall('slow'))
  await expect.poll(() => held).toHaveLength(1)
  refusing = true
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ name: 'UpstreamFault' })
  refusing = false
  answers(server.streams[0] as ServerResponse, held[0] ?? 0)
  await expect(waiting).resolves.toMatchObject({ value: { content: [] } })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.sent('initialize')).toHaveLength(1)
})

test('one refused call leaves the session as it is: the server is asked by a ping, and its answer is no fault', async () => {
  let refuses = true
  await using server = await scripted({
    call: (stream, id) => (server.sent('tools/call').at(-1)?.body.id === id && refuses) || answers(stream, id),
    post: (response, { method }) => response.writeHead(method === 'tools/call' && refuses ? 503 : 202).end(),
  })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ message: expect.stringContaining('HTTP 503') })
  expect(server.sent('ping')).toHaveLength(1)
  // Its answer to this shows that the gateway has read the answer to its own.
  server.streams[0]?.write(event({ id: 'mine', method: 'ping' }))
  await expect.poll(() => server.seen.some(({ body }) => body.id === 'mine')).toBe(true)
  refuses = false
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.sent('initialize')).toHaveLength(1)
})

test('an answer keeps the text of the server', async () => {
  const result = '{"content":[],"structuredContent":{"id":12345678901234567890,"one":1.0}}'
  await using server = await scripted({ call: (stream, id) => stream.write(`data: {"jsonrpc":"2.0","id":${id},"result":${result}}\n\n`) })
  const text = jsonOf(await server.upstream.request(aCall('x')))
  expect(text).toContain('{"id":12345678901234567890,"one":1.0}')
})

test('an error without an id may be about a notification: the call that is under way gets its own answer', async () => {
  await using server = await scripted({
    call(stream, id) {
      stream.write(event({ id: null, error: { code: -32_601, message: 'Method not found: notifications/initialized' } }))
      return answers(stream, id)
    },
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.streams).toHaveLength(1)
})

test('… and while only initialize was sent, it is the answer to that', async () => {
  await using server = await scripted({
    post(response, { method }) {
      response.writeHead(202).end()
      if (method === 'initialize') server.streams[0]?.write(event({ id: null, error: { code: -32_700, message: 'Parse error' } }))
    },
  })
  await expect(server.upstream.request(aCall('x'))).rejects.toMatchObject({ message: expect.stringContaining('initialize was refused') })
})

test('a server may repeat the id of a request as text', async () => {
  await using server = await scripted({ call: (stream, id) => stream.write(event({ id: String(id), result: { content: [] } })) })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
})

test('a server may send events of other names before its endpoint', async () => {
  await using server = await scripted({
    begin: (stream) => stream.writeHead(200, head).write(`: welcome\n\nevent: ping\ndata: 1\n\n${endpoint}`),
    call: answers,
  })
  await expect(server.upstream.request(aCall('x'))).resolves.toMatchObject({ value: { content: [] } })
})

test('a flood of messages that answer nothing waits at the server, and calls of others go on meanwhile', async () => {
  const heard: Notification[] = []
  let flooding = false
  await using server = await scripted({
    call(stream, id) {
      if (!flooding) stream.write(event({ method: 'notifications/tools/list_changed' }).repeat(1500))
      flooding = true
      return answers(stream, id)
    },
  })
  await server.upstream.listen(aListen({ toolsListChanged: true }, { heard }))
  const startedMs = performance.now()
  const flooded = server.upstream.request(aCall('x'))
  await expect.poll(() => flooding).toBe(true)
  await expect(server.upstream.request(aCall('x', {}, { person: 'bob' }))).resolves.toMatchObject({ value: { content: [] } })
  await expect(flooded).resolves.toMatchObject({ value: { content: [] } })
  expect(heard).toHaveLength(1500)
  // 1,000 may come in a second.
  expect(performance.now() - startedMs).toBeGreaterThan(900)
})

test('a client that takes its time gets every message of its call, in order, before the result', async () => {
  const messages = Array.from({ length: 600 }, (_, at) => event({ method: 'notifications/message', params: { level: 'info', data: at } }))
  await using server = await scripted({
    call(stream, id) {
      stream.write(messages.join(''))
      return answers(stream, id)
    },
  })
  const got: unknown[] = []
  const onNotification = async ({ params }: Notification) => {
    await new Promise((resolve) => setImmediate(resolve))
    got.push(params?.['data'])
  }
  const call = server.upstream.request(aCall('x', {}, { session: 's1', onNotification }))
  await expect(call).resolves.toMatchObject({ value: { content: [] } })
  expect(got).toEqual(messages.map((_, at) => at))
})

test('a listener that takes its time gets everything in order, and holds no answer back', async () => {
  const got: unknown[] = []
  const release = Promise.withResolvers<void>()
  const messages = Array.from({ length: 40 }, (_, at) => event({ method: 'notifications/message', params: { level: 'info', data: at } }))
  await using server = await scripted({
    call(stream, id) {
      stream.write(messages.join(''))
      return answers(stream, id)
    },
  })
  const client = aClient({ logLevel: undefined })
  await server.upstream.listen(
    aListen(
      {},
      {
        session: 's1',
        client,
        onNotification: async ({ params }) => {
          await release.promise
          got.push(params?.['data'])
        },
      },
    ),
  )
  await expect(server.upstream.request(aCall('x', {}, { session: 's1', client }))).resolves.toMatchObject({ value: { content: [] } })
  expect(got).toEqual([])
  release.resolve()
  await expect.poll(() => got).toEqual(messages.map((_, at) => at))
})

test('a server that ends every stream at once is asked less and less often, and in the end not any more', async () => {
  const ended = vi.fn<(error?: Error) => void>()
  let streams = 0
  await using server = await scripted({
    begin: (stream) => (++streams === 1 ? stream.writeHead(200, head).write(endpoint) : stream.writeHead(401).end()),
  })
  await server.upstream.listen(aListen({ toolsListChanged: true }, { onEnd: ended }))
  server.streams[0]?.end()
  await expect.poll(() => ended).toHaveBeenCalledOnce()
  expect(streams).toBe(2)
})

import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { Timers } from '../../runtime/timers.ts'
import { exchange } from './exchange.ts'
import { HttpPool } from './pool.ts'
import { within } from '../../testing/waiting.ts'
import { rawServer, serverOf } from '../testing.ts'
import type { ExchangeRequest } from './types.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

async function ask(handle: Handle, more: Partial<ExchangeRequest> = {}) {
  await using server = await serverOf(handle)
  await using pool = poolTo(server.url)
  return await exchange(pool.pool, { ...basic(server.url), ...more })
}

const basic = (url: string): ExchangeRequest => ({
  url: new URL(`${url}/mcp?x=1`),
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
  maxBytes: 1000,
  timeoutToHeadersMs: 60_000,
})

function poolTo(url: string, options: { privateNetwork?: boolean; maxInFlight?: number } = {}) {
  const pool = new HttpPool({ url, privateNetwork: true, timers: new Timers({ tickMs: 5 }), ...options })
  return { pool, [Symbol.asyncDispose]: () => pool.close() }
}

const json = { 'content-type': 'application/json; charset=utf-8' }
const stream = { 'content-type': 'text/event-stream' }

test('a JSON body comes back as it was written', async () => {
  const answer = await ask((request, response) => response.writeHead(200, json).end(`{"path":"${request.url}", "é": 1.0}`))
  expect(answer).toMatchObject({ kind: 'json', status: 200, text: '{"path":"/mcp?x=1", "é": 1.0}' })
})

test('a redirect is not followed', async () => {
  let asked = 0
  const answer = await ask((_, response) => {
    asked++
    response.writeHead(307, { location: '/mcp?again' }).end()
  })
  expect(answer).toMatchObject({ kind: 'other', status: 307 })
  expect(asked).toBe(1)
})

test('the page of a proxy is no answer, and only its beginning is kept', async () => {
  const answer = await ask((_, response) => response.writeHead(500, { 'content-type': 'text/html' }).end(`<html>${'x'.repeat(1_000_000)}`))
  expect(answer).toMatchObject({ kind: 'other', status: 500 })
  expect(answer.kind === 'other' && answer.text.length).toBe(4096)
})

test('events come one by one, in order, and a slow reader holds the stream back', async () => {
  const got: string[] = []
  let taking = 0
  const answer = await ask(
    (_, response) => {
      response.writeHead(200, stream)
      for (let at = 0; at < 50; at++) response.write(`data: ${at}\n\n`)
      response.end()
    },
    {
      onEvent: async ({ data }) => {
        expect(++taking).toBe(1)
        await new Promise((resolve) => setImmediate(resolve))
        taking--
        got.push(data)
      },
    },
  )
  expect(answer.kind).toBe('stream')
  expect(got).toEqual(Array.from({ length: 50 }, (_, at) => String(at)))
})

test('a sender is held back while the reader takes its event', async () => {
  const chunk = `data: ${'x'.repeat(900)}\n\n`.repeat(64)
  let source = 0
  const holding = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const done = ask(
    (request, response) => {
      response.writeHead(200, stream)
      const pump = () => {
        while (source < 500) {
          source++
          if (response.write(chunk)) continue
          response.once('drain', pump)
          return
        }
        response.end()
      }
      request.on('close', () => undefined)
      pump()
    },
    {
      onEvent: () => {
        reached.resolve()
        return holding.promise.then(() => 'stop' as const)
      },
    },
  )
  await within(reached.promise, 'the first event to arrive')
  let lastSource = -1
  const sentSince = () => {
    const sent = source - lastSource
    lastSource = source
    return sent
  }
  await expect.poll(sentSince, { message: 'chunks sent since the last look', interval: 250 }).toBe(0)
  expect(source).toBeLessThan(500)
  holding.resolve()
  await within(done, 'the exchange to end')
})

test('a reader that has what it wants stops the stream', async () => {
  const closed = Promise.withResolvers<void>()
  const got: string[] = []
  await using server = await serverOf((request, response) => {
    request.socket.once('close', () => closed.resolve())
    response.writeHead(200, stream)
    response.write('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })
  await using pool = poolTo(server.url)
  const onEvent = ({ data }: { data: string }) => {
    got.push(data)
    return data === '2' ? ('stop' as const) : undefined
  }
  expect(await exchange(pool.pool, { ...basic(server.url), onEvent })).toMatchObject({ kind: 'stream' })
  expect(got).toEqual(['1', '2'])
  // Before the server and the pool are disposed of, which would close it too.
  await within(closed.promise, 'the connection to close')
})

test.for<[string, Handle, Partial<ExchangeRequest>, object]>([
  ['a body that is too large', (_, response) => response.writeHead(200, json).end('x'.repeat(1001)), {}, { code: 'too_large' }],
  [
    'a body that never ends',
    (_, response) => {
      response.writeHead(200, json)
      const more = () => void (response.write('x'.repeat(1000)) ? setImmediate(more) : response.once('drain', more))
      more()
    },
    {},
    { code: 'too_large' },
  ],
  [
    'a giant event',
    (_, response) => response.writeHead(200, stream).end(`data: ${'x'.repeat(1001)}`.repeat(3)),
    { onEvent: () => undefined },
    { code: 'too_large' },
  ],
  [
    'more events than allowed',
    (_, response) => {
      response.writeHead(200, stream)
      const more = () => void (response.write('data: 1\n\n') ? setImmediate(more) : response.once('drain', more))
      more()
    },
    { onEvent: () => undefined, maxEvents: 100 },
    { code: 'upstream_down', message: 'broken protocol: a stream of more than 100 events' },
  ],
  [
    'invalid UTF-8',
    (_, response) => response.writeHead(200, json).end(Buffer.from([0x22, 0xc3, 0x28, 0x22])),
    {},
    { code: 'upstream_down' },
  ],
  ['a stream nobody asked for', (_, response) => response.writeHead(200, stream).end(), {}, { code: 'upstream_down' }],
  ['headers that never come', () => undefined, { timeoutToHeadersMs: 30 }, { code: 'timed_out', retryable: true }],
  ['a body that never comes', (_, response) => response.writeHead(200, json).write('{'), { timeoutMs: 30 }, { code: 'timed_out' }],
  ['a connection reset', (request) => request.socket.destroy(), {}, { code: 'upstream_down', retryable: true }],
  [
    'a stream that breaks',
    (request, response) => response.writeHead(200, stream).write('data: 1\n\n', () => request.socket.destroy()),
    { onEvent: () => undefined },
    { code: 'upstream_down' },
  ],
])("%s is the server's fault", async ([, handle, more, fault]) => {
  await expect(ask(handle, more)).rejects.toMatchObject({ name: 'UpstreamFault', ...fault })
})

test.for([
  ['headers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`],
  [
    'a header injected into another',
    'HTTP/1.1 200 OK\r\nx: a\r\n b\u0000c\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\ncontent-type: application/json\r\n\r\n{}'],
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
] as const)("%s is the server's fault", async ([, bytes]) => {
  await using server = await rawServer(bytes)
  await using pool = poolTo(server.url)
  await expect(exchange(pool.pool, basic(server.url))).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
  expect(pool.pool.inFlight).toBe(0)
})

test('a cancelled exchange ends with the cause, and the server sees the connection close', async () => {
  const cancel = new Cancel()
  const closed = Promise.withResolvers<void>()
  await using server = await serverOf((request, response) => {
    request.socket.once('close', () => closed.resolve())
    response.writeHead(200, stream).write('data: 1\n\n')
  })
  await using pool = poolTo(server.url)
  const onEvent = () => cancel.abort(new Error('the client went away'))
  await expect(exchange(pool.pool, { ...basic(server.url), cancel, onEvent })).rejects.toThrow('the client went away')
  // Before the server and the pool are disposed of, which would close it too.
  await within(closed.promise, 'the connection to close')
})

test('a request that was cancelled before it began is not sent', async () => {
  const cancel = new Cancel()
  cancel.abort(new Error('too late'))
  let asked = 0
  await expect(ask(() => asked++, { cancel })).rejects.toThrow('too late')
  expect(asked).toBe(0)
})

test('a server of the open internet may not have an internal address, by name or by number', async () => {
  await using server = await serverOf((_, response) => response.end())
  for (const url of [server.url, server.url.replace('127.0.0.1', 'localhost')]) {
    await using pool = poolTo(url, { privateNetwork: false })
    await expect(exchange(pool.pool, basic(url))).rejects.toMatchObject({ code: 'upstream_down', message: /may have/ })
  }
})

test('a server that hangs cannot hold more exchanges than its limit', async () => {
  await using server = await serverOf(() => undefined)
  await using pool = poolTo(server.url, { maxInFlight: 2 })
  const cancel = new Cancel()
  const hanging = [1, 2].map(() => exchange(pool.pool, { ...basic(server.url), cancel }).catch((error: unknown) => error))
  await expect(exchange(pool.pool, basic(server.url))).rejects.toMatchObject({ code: 'upstream_down', retryable: true })
  cancel.abort(new Error('enough'))
  await within(Promise.all(hanging), 'the calls that hang to end')
  expect(pool.pool.inFlight).toBe(0)
})

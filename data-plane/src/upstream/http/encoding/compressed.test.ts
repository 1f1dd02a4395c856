import type { ServerResponse } from 'node:http'
import { brotliCompressSync, constants, createGzip, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { exchange } from '../exchange.ts'
import { HttpPool } from '../pool.ts'
import { serverOf } from '../../testing.ts'
import type { ExchangeRequest } from '../types.ts'

async function ask(handle: (response: ServerResponse) => unknown, more: Partial<ExchangeRequest> = {}) {
  await using server = await serverOf((_, response) => handle(response))
  const pool = new HttpPool({ url: server.url, privateNetwork: true })
  await using _ = { [Symbol.asyncDispose]: () => pool.close() }
  return await exchange(pool, {
    url: new URL(`${server.url}/mcp`),
    method: 'POST',
    headers: {},
    body: '{}',
    maxBytes: 100_000,
    timeoutToHeadersMs: 60_000,
    ...more,
  })
}

const sends =
  (encoding: string, bytes: Buffer, type = 'application/json') =>
  (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': type, 'content-encoding': encoding }).end(bytes)

const text = JSON.stringify({ words: Array.from({ length: 1000 }, (_, index) => `word ${index * 7919}`) })

test.for<[string, (bytes: string) => Buffer]>([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['identity, gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', Buffer.from],
])('a body encoded as %s is read', async ([encoding, compress]) => {
  expect(await ask(sends(encoding, compress(text)))).toMatchObject({ kind: 'json', status: 200, text })
})

test('deflate without the zlib header is read too', async () => {
  expect(await ask(sends('deflate', deflateRawSync(text)))).toMatchObject({ text })
})

test('the events of a compressed stream come when the server sends them, and a slow reader holds it back', async () => {
  const got: string[] = []
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH })
  let taking = 0
  const answer = await ask(
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      gzip.pipe(response)
      gzip.write('data: first\n\n')
    },
    {
      onEvent: async ({ data }) => {
        expect(++taking).toBe(1)
        got.push(data)
        if (data === 'first') for (let count = 1; count <= 500; count++) gzip.write(`data: ${count} ${'x'.repeat(1000)}\n\n`)
        if (data === 'first') gzip.end()
        await new Promise((resolve) => setImmediate(resolve))
        taking--
      },
    },
  )
  expect(answer).toMatchObject({ kind: 'stream' })
  expect(got.map((data) => data.split(' ')[0])).toEqual(['first', ...Array.from({ length: 500 }, (_, index) => String(index + 1))])
})

test('a stream that its reader stops is over, although more would come', async () => {
  const answer = await ask(sends('gzip', gzipSync('data: 1\n\ndata: 2\n\n'), 'text/event-stream'), { onEvent: () => 'stop' })
  expect(answer).toMatchObject({ kind: 'stream' })
})

test('an empty body may name a coding', async () => {
  const answer = await ask((response) => response.writeHead(202, { 'content-encoding': 'gzip' }).end())
  expect(answer).toMatchObject({ kind: 'other', status: 202, text: '' })
})

test('of a compressed page only the beginning is kept', async () => {
  const answer = await ask(sends('gzip', gzipSync(`<html>${'x'.repeat(1_000_000)}`), 'text/html'))
  expect(answer.kind === 'other' && answer.text.length).toBe(4096)
})

test.for<[string, (response: ServerResponse) => unknown, string, Partial<ExchangeRequest>]>([
  ['two codings', sends('gzip, br', gzipSync('{}')), 'in several codings (gzip, br)', {}],
  ['an unknown coding', sends('compress', Buffer.from('x')), 'encoded as compress', {}],
  ['bytes that are not of the coding', sends('gzip', Buffer.from('{"plain":1}')), 'is not gzip, or is cut off', {}],
  ['a body that is cut off', sends('br', brotliCompressSync(text).subarray(0, 100)), 'is not br, or is cut off', {}],
  ['a bomb', sends('gzip', gzipSync(Buffer.alloc(50_000_000, 32))), 'more than 100000 bytes', {}],
  ['a bomb below the limit of size', sends('gzip', gzipSync(Buffer.alloc(5_000_000, 32))), '200 times', { maxBytes: 100_000_000 }],
  [
    'a bomb of events',
    sends('gzip', gzipSync('data: 1\n\n'.repeat(1_000_000)), 'text/event-stream'),
    '200 times',
    { onEvent: () => undefined },
  ],
])('%s is refused', async ([, handle, words, more]) => {
  await expect(ask(handle, more)).rejects.toMatchObject({ name: 'UpstreamFault', message: expect.stringContaining(words) })
})

test('an answer that grows too much breaks no protocol: the fault says what is too large', async () => {
  const sent = gzipSync(JSON.stringify({ text: 'a'.repeat(3_000_000) }))
  await expect(ask(sends('gzip', sent), { maxBytes: 100_000_000 })).rejects.toMatchObject({
    code: 'too_large',
    publicMessage: 'The compressed answer of the MCP server grows too much.',
  })
})

test.for<[string, string, string, string]>([
  ['JSON', 'application/json', '\ufeff{"a":1}', '{"a":1}'],
  ['JSON, compressed or not,', 'application/problem+json', '\ufeff\ufeff', '\ufeff'],
])('%s may begin with one byte order mark', async ([, type, sent, read]) => {
  expect(await ask((response) => response.writeHead(200, { 'content-type': type }).end(sent))).toMatchObject({ text: read })
  expect(await ask(sends('gzip', gzipSync(sent), type))).toMatchObject({ text: read })
})

test('a stream and each event may begin with a byte order mark', async () => {
  const got: string[] = []
  await ask(
    (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('\ufeffdata: \ufeff{"a":1}\n\ndata: 2\n\n'),
    {
      onEvent: ({ data }) => void got.push(data),
    },
  )
  expect(got).toEqual(['{"a":1}', '2'])
})

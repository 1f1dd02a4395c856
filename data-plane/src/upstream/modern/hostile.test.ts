import { expect, test } from 'vitest'
import { aRequest, modernServer } from './testing.ts'
import type { Handle } from './testing.ts'
import { jsonOf, UpstreamFault } from '../upstream.ts'
import type { UpstreamResult } from '../upstream.ts'

const done = { resultType: 'complete', contents: [] }
const note = { jsonrpc: '2.0', method: 'com.example/x' }

test.for<[string, Handle]>([
  ['the id of another request', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id: id + 1, result: done }))],
  ['an id of another type', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id: `x${id}`, result: done }))],
  ['a replayed id', ({ id }, say) => say.event({ jsonrpc: '2.0', id: id - 1, result: done })],
  ['a result for a request nobody made', (_, say) => say.event({ jsonrpc: '2.0', id: 'forged', result: done })],
  ['a result without an id', (_, say) => say.json(JSON.stringify({ jsonrpc: '2.0', result: done }))],
  [
    'a result and an error',
    ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id, result: done, error: { code: 1, message: '' } })),
  ],
  ['neither', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id }))],
  ['two results', ({ id }, say) => say.json(`{"jsonrpc":"2.0","id":${id},"result":{},"result":{"resultType":"complete"}}`)],
  ['two results, one spelt with an escape', ({ id }, say) => say.json(`{"jsonrpc":"2.0","id":${id},"result":{},"re\\u0073ult":{}}`)],
  ['a result that is no object', (_, say) => say.result([1])],
  ['a result type that is no text', (_, say) => say.result({ resultType: 7 })],
  ['a result with status 500', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id, result: done }), 500)],
  ['an error that is none', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id, error: 'no' }))],
  [
    'an error code that is no integer',
    ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 1.5, message: '' } })),
  ],
  [
    'an error for a request it could not read',
    (_, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message: '' } }), 400),
  ],
  ['a batch', ({ id }, say) => say.json(JSON.stringify([{ jsonrpc: '2.0', id, result: done }]))],
  ['no JSON', (_, say) => say.json('{"jsonrpc"')],
  ['another JSON-RPC', ({ id }, say) => say.json(JSON.stringify({ jsonrpc: '1.0', id, result: done }))],
  ['a request of its own', (_, say) => say.event({ jsonrpc: '2.0', id: 1, method: 'sampling/createMessage', params: {} })],
  ['a notification whose parameters are a list', (_, say) => say.event({ ...note, params: [1] })],
  ['a stream that ends before its answer', (_, say) => (say.event(note), say.response.end())],
  ['a stream that breaks', (_, say) => (say.event(note), say.response.write('', () => say.response.destroy()))],
  ['HTML', (_, say) => say.response.writeHead(500, { 'content-type': 'text/html' }).end('<html>')],
  ['HTML and a status that says all is well', (_, say) => say.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
  ['a redirect to itself', (_, say) => say.response.writeHead(308, { location: '/mcp' }).end()],
  ['a redirect to another host', (_, say) => say.response.writeHead(302, { location: 'http://169.254.169.254/' }).end()],
  [
    'notifications without end',
    (_, say) => {
      const more = () => {
        if (say.response.destroyed) return
        say.event(note)
        if (say.response.writableNeedDrain) say.response.once('drain', more)
        else setImmediate(more)
      }
      for (let at = 0; at < 100_000; at++) say.event(note)
      more()
    },
  ],
])('%s is a fault of the server, and does not affect the next request', async ([, handle]) => {
  let hostile = true
  await using server = await modernServer((asked, say) => (hostile ? handle(asked, say) : say.result(done)))
  const failed = server.upstream.request(aRequest())
  await expect(failed).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
  expect(server.asked).toHaveLength(1)
  hostile = false
  await expect(server.upstream.request(aRequest())).resolves.toMatchObject({ value: done })
})

test.for<[string, Handle]>([
  ['a giant event', (_, say) => say.event({ ...note, params: { text: 'x'.repeat(200_000) } })],
  ['a giant body', (_, say) => say.result({ text: 'x'.repeat(200_000) })],
])('%s is refused as too large', async ([, handle]) => {
  await using server = await modernServer(handle)
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code: 'too_large' })
})

test.for<[string, Handle]>([
  ['no headers', () => undefined],
  ['no body', (_, say) => say.response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()],
  ['a stream of comments alone', (_, say) => say.response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')],
])('%s: the call times out', async ([, handle]) => {
  await using server = await modernServer(handle, { callTimeoutMs: 100 })
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code: 'timed_out', retryable: true })
})

test('a deeply nested answer does no harm', async () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  await using server = await modernServer(({ id }, say) =>
    say.json(`{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","deep":${deep}}}`),
  )
  const result = await server.upstream.request(aRequest()).catch((error: unknown) => error)
  expect(result).toSatisfy((outcome: UpstreamResult | UpstreamFault) => outcome instanceof UpstreamFault || jsonOf(outcome).includes(deep))
})

test('a deeply nested schema in a list is searched only to a limit', async () => {
  let schema: object = { type: 'string', 'x-mcp-header': 'A' }
  for (let depth = 0; depth < 200; depth++) schema = { properties: { a: schema } }
  await using server = await modernServer((_, say) =>
    say.result({ resultType: 'complete', tools: [{ name: 'bomb', inputSchema: schema }] }),
  )
  await expect(server.upstream.request(aRequest({ method: 'tools/list', params: {} }))).resolves.toMatchObject({
    value: { tools: [{ name: 'bomb' }] },
  })
})

test('a server may repeat the id of a request as text', async () => {
  await using server = await modernServer(({ id }, say) => say.json(JSON.stringify({ jsonrpc: '2.0', id: String(id), result: done })))
  await expect(server.upstream.request(aRequest())).resolves.toMatchObject({ value: done })
})

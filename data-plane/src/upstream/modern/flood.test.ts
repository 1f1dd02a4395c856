import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aListener, aRequest, modernServer } from './testing.ts'
import { jsonOf } from '../upstream.ts'

const note = { jsonrpc: '2.0', method: 'com.example/x' }

test('an answer in chunks of one byte is read like any other', async () => {
  const text = 'x'.repeat(60_000)
  await using server = await modernServer(async ({ id }, { response }) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', text } }))
    for (const byte of body.subarray(0, 5000)) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
    response.write(body.subarray(5000))
    response.end()
  })
  await expect(server.upstream.request(aRequest())).resolves.toMatchObject({ value: { text } })
})

test.for<[string, string]>([
  ['comments', ': x\n'],
  ['empty lines', '\n'],
  ['events without data', 'event: a\nid: 1\n\n'],
  ['carriage returns', '\r'],
  ['lines of empty data', 'data:\n'],
])('%s without end are a fault of the server, long before the call times out', async ([, line]) => {
  const piece = line.repeat(20_000)
  await using server = await modernServer(
    (_, { response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
    { maxResponseBytes: 10_000_000 },
  )
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({
    code: 'upstream_down',
    message: expect.stringContaining('bytes and no event'),
  })
})

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
test.for<[string, (id: number) => string]>([
  ['a result', (id) => `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","deep":${deep(100_000)}}}`],
  ['an error', (id) => `{"jsonrpc":"2.0","id":${id},"error":{"code":-32000,"message":"no","data":${deep(100_000)}}}`],
  ['a notification', () => `{"jsonrpc":"2.0","method":"com.example/x","params":${deep(100_000)}}`],
])('%s of 100,000 levels is a fault of the server, not of the gateway', async ([, text]) => {
  await using server = await modernServer(
    ({ id }, { response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${text(id)}\n\n`)
    },
    { maxResponseBytes: 1_000_000 },
  )
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
})

test('a result of 500 levels is passed on', async () => {
  await using server = await modernServer(({ id }, say) =>
    say.json(`{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","deep":${deep(500)}}}`),
  )
  expect(jsonOf(await server.upstream.request(aRequest()))).toContain(deep(500))
})

test('of a flood of changes a subscription takes at most a thousand a second, and the rest waits at the server', async () => {
  let sent = 0
  await using server = await modernServer(({ id }, say) => {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
    say.event({ ...note, method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true }, _meta } })
    const more = () => {
      while (!say.response.destroyed && sent < 1_000_000) {
        sent++
        if (!say.response.write(`data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n`))
          return say.response.once('drain', more)
      }
    }
    more()
  })
  let heard = 0
  const cancel = new Cancel()
  const startedMs = performance.now()
  await server.upstream.listen(aListener({ cancel, onNotification: () => void heard++ }))
  await expect.poll(() => heard).toBeGreaterThan(1000)
  expect(heard).toBeLessThanOrEqual(1000 * Math.ceil((performance.now() - startedMs) / 1000 + 1))
  expect(sent).toBeLessThan(1_000_000)
  cancel.abort(new Error('enough'))
})

test('an update of a giant URI of slashes reaches no listener, and costs no time', async () => {
  await using server = await modernServer(
    ({ id }, say) => {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
      const acknowledged = { notifications: { resourceSubscriptions: ['/a'] }, _meta }
      say.event({ ...note, method: 'notifications/subscriptions/acknowledged', params: acknowledged })
      for (const uri of ['/'.repeat(5_000_000), '/a'])
        say.event({ ...note, method: 'notifications/resources/updated', params: { uri, _meta } })
    },
    { maxResponseBytes: 10_000_000 },
  )
  const heard: unknown[] = []
  const cancel = new Cancel()
  await server.upstream.listen(
    aListener({ cancel, filter: { resourceSubscriptions: ['/a'] }, onNotification: ({ params }) => void heard.push(params?.['uri']) }),
  )
  await expect.poll(() => heard).toEqual(['/a'])
  cancel.abort(new Error('enough'))
})

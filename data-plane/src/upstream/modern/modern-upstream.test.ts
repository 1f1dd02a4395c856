import { ToolError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aClient, aRequest, modernServer } from './testing.ts'
import { jsonOf } from '../upstream.ts'
import { messageOf } from '../../protocol/notification.ts'
import type { Notification } from '../../protocol/notification.ts'
import { within } from '../../testing/waiting.ts'

const done = { resultType: 'complete', contents: [] }

test('a request carries the envelope, what the client sent, and headers that say the same', async () => {
  await using server = await modernServer((_, say) => say.result(done), { headers: { 'X-Fixed': 'f', authorization: { secret: 'key' } } })
  const params = { uri: 'test://a', extra: { b: 1 }, _meta: { 'com.example/x': 1, traceparent: '00-1' } }
  await server.upstream.request(aRequest({ params, client: { ...aClient, logLevel: 'info' } }))
  const [{ params: sent, headers } = { params: undefined, headers: undefined }] = server.asked
  expect(sent).toMatchObject({
    uri: 'test://a',
    extra: { b: 1 },
    _meta: {
      'com.example/x': 1,
      traceparent: '00-1',
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'tester', version: '1' },
      'io.modelcontextprotocol/logLevel': 'info',
    },
  })
  expect(headers).toMatchObject({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'resources/read',
    'mcp-name': 'test://a',
    accept: 'application/json, text/event-stream',
    'x-fixed': 'f',
    authorization: 'value of key',
  })
})

test.for([
  ['tools/call', { name: 'größe' }, '=?base64?Z3LDtsOfZQ==?='],
  ['prompts/get', { name: 'p' }, 'p'],
  ['tasks/get', { taskId: ' t ' }, '=?base64?IHQg?='],
  ['resources/read', { uri: 'a\r\nx: y' }, '=?base64?YQ0KeDogeQ==?='],
  ['tools/call', { name: '=?base64?YQ==?=' }, '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
  ['prompts/list', { name: 'not a name here' }, undefined],
  ['com.example/anything', {}, undefined],
] as const)('%s of %o has the Mcp-Name header %s', async ([method, params, name]) => {
  await using server = await modernServer((asked, say) => (asked.method === 'tools/list' ? 'as usual' : say.result(done)))
  await server.upstream.request(aRequest({ method, params }))
  expect(server.asked.at(-1)?.headers['mcp-name']).toBe(name)
})

test('a result keeps the text of the server, beside its value', async () => {
  const raw = '{ "resultType":"complete", "n": 1.0, "big": 12345678901234567890, "x-vendor": {"é":[]} }'
  await using server = await modernServer(({ id }, say) => say.json(`{"result":${raw},"jsonrpc":"2.0","id":${id}}`))
  const result = await server.upstream.request(aRequest())
  expect(jsonOf(result)).toBe(raw)
  expect(result.value).toMatchObject(JSON.parse(raw))
})

test('a notification keeps the text of the server, under the token of the client', async () => {
  await using server = await modernServer(({ id, method }, { response }) => {
    if (method === 'tools/list') return 'as usual'
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(
      `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id}, "progress": 1.0}}\n\n` +
        'data: {"jsonrpc":"2.0","method":"x/told","params":{"n":12345678901234567890}}\n\n',
    )
    response.end(`data: {"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete"}}\n\n`)
  })
  const told: string[] = []
  const params = { name: 'x', _meta: { progressToken: 'mine' } }
  await server.upstream.request(aRequest({ params, onNotification: (notification) => void told.push(messageOf(notification)) }))
  expect(told).toEqual([
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"mine","progress":1.0}}',
    '{"jsonrpc":"2.0","method":"x/told","params":{"n":12345678901234567890}}',
  ])
})

test('a result without a resultType is a complete one', async () => {
  await using server = await modernServer((_, say) => say.result({ contents: [] }))
  expect((await server.upstream.request(aRequest())).value).toMatchObject({ contents: [], resultType: 'complete' })
})

test('notifications arrive at once and in order, with the progress token of the client', async () => {
  const got: Notification[] = []
  const first = Promise.withResolvers<void>()
  await using server = await modernServer(async ({ params }, say) => {
    say.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: params._meta['progressToken'], progress: 1 } })
    await within(first.promise, 'the first notification to arrive')
    say.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'of someone else', progress: 9 } })
    say.event({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })
    say.event({ jsonrpc: '2.0', method: 'com.example/odd' })
    say.end(done)
  })
  const params = { uri: 'test://a', _meta: { progressToken: 'mine' } }
  const onNotification = (notification: Notification) => {
    got.push(notification)
    first.resolve()
  }
  await server.upstream.request(aRequest({ params, onNotification, client: { ...aClient, logLevel: 'debug' } }))
  expect(got).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
    { method: 'notifications/message', params: { level: 'info', data: 'x' } },
    { method: 'com.example/odd' },
  ])
  expect(server.asked[0]?.params._meta['progressToken']).toBe(server.asked[0]?.id)
})

test('a client that set no log level gets no log messages', async () => {
  const got: Notification[] = []
  await using server = await modernServer((_, say) => {
    say.event({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })
    say.end(done)
  })
  await server.upstream.request(aRequest({ onNotification: (notification) => void got.push(notification) }))
  expect(got).toMatchObject([])
})

test('no two requests share an id', async () => {
  await using server = await modernServer((_, say) => say.result(done))
  await Promise.all(Array.from({ length: 20 }, () => server.upstream.request(aRequest())))
  expect(new Set(server.asked.map(({ id }) => id)).size).toBe(20)
})

test('a cancelled request closes the stream, by which the server learns of the cancellation', async () => {
  const cancel = new Cancel()
  const closed = Promise.withResolvers<void>()
  await using server = await modernServer((_, say) => {
    say.response.once('close', () => closed.resolve())
    say.event({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })
  })
  const onNotification = () => cancel.abort(new Error('the client went away'))
  const asked = server.upstream.request(aRequest({ cancel, onNotification, client: { ...aClient, logLevel: 'info' } }))
  await expect(asked).rejects.toThrow('the client went away')
  await within(closed.promise, 'the server to see the stream close')
})

test.for([
  [-32_602, 200],
  [-32_603, 500],
  [-32_601, 404],
  [-32_021, 400],
  [-31_999, 400],
] as const)("the server's own error %i (status %i) is passed on with its data", async ([code, status]) => {
  await using server = await modernServer((_, say) => say.error(code, status, { requiredCapabilities: { sampling: {} } }))
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({
    name: 'UpstreamRpcError',
    code,
    message: 'no',
    data: { requiredCapabilities: { sampling: {} } },
  })
})

test.for([-32_020, -32_022])('the error %i is about our own request and never passed on', async (code) => {
  await using server = await modernServer((_, say) => say.error(code, 400))
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
})

test.for([
  [401, 'secret_invalid'],
  [403, 'secret_invalid'],
  [429, 'rate_limited'],
  [500, 'upstream_down'],
  [503, 'upstream_down'],
  [307, 'upstream_down'],
  [202, 'upstream_down'],
] as const)('status %i without an answer is the fault %s', async ([status, code]) => {
  await using server = await modernServer((_, say) =>
    say.response.writeHead(status, { location: '/mcp', 'www-authenticate': 'Bearer' }).end(),
  )
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code })
})

test('after a refused credential the next request reads the secret again', async () => {
  const values = ['old', 'new']
  await using server = await modernServer(
    ({ headers }, say) => (headers.authorization === 'old' ? say.response.writeHead(401).end() : say.result(done)),
    { headers: { authorization: { secret: 'key' } } },
    { readSecret: () => Promise.resolve(values.shift() ?? 'none') },
  )
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ code: 'secret_invalid' })
  await server.upstream.request(aRequest())
})

const annotated = (header: unknown, type = 'string') => ({
  name: 'read_region',
  inputSchema: { type: 'object', properties: { region: { type, 'x-mcp-header': header } } },
})

const callOf = (args: unknown) => aRequest({ method: 'tools/call', params: { name: 'read_region', arguments: args } })

test('the first call already has the headers its tool wants', async () => {
  await using server = await modernServer(({ method }, say) =>
    say.result(method === 'tools/list' ? { resultType: 'complete', tools: [annotated('Region')] } : done),
  )
  await server.upstream.request(callOf({ region: 'us west' }))
  await server.upstream.request(callOf({ region: 'é' }))
  await server.upstream.request(callOf({ region: null }))
  expect(server.asked.map(({ method }) => method)).toMatchObject(['tools/list', 'tools/call', 'tools/call', 'tools/call'])
  expect(server.asked.slice(1).map(({ headers }) => headers['mcp-param-region'])).toMatchObject(['us west', '=?base64?w6k=?=', undefined])
})

test('after refused headers all pages of tools/list are read again, and the call is sent once more', async () => {
  let header = 'Old'
  await using server = await modernServer(({ method, params, headers }, say) => {
    if (method === 'tools/list' && params['cursor'] === undefined) return say.result({ resultType: 'complete', tools: [], nextCursor: '' })
    if (method === 'tools/list') return say.result({ resultType: 'complete', tools: [annotated(header)] })
    return headers[`mcp-param-${header.toLowerCase()}`] === 'r' ? say.result(done) : say.error(-32_020, 400)
  })
  await server.upstream.request(callOf({ region: 'r' }))
  header = 'New'
  await expect(server.upstream.request(callOf({ region: 'r' }))).resolves.toMatchObject({ value: done })
  header = 'Never'
  await expect(server.upstream.request(callOf({ region: 'q' }))).rejects.toMatchObject({ name: 'UpstreamFault' })
})

test('a tool with an invalid annotation is not listed, and the rest of the list stays', async () => {
  const list = { resultType: 'complete', tools: [annotated(''), { name: 'plain', 'x-vendor': 1 }], ttlMs: 5, 'x-extra': true }
  await using server = await modernServer((_, say) => say.result(list))
  const listed = await server.upstream.request(aRequest({ method: 'tools/list', params: {} }))
  expect(listed.value).toMatchObject({ ...list, tools: [{ name: 'plain', 'x-vendor': 1 }] })
})

test('a description is cached for as long as the server allows, and read in the name of the gateway', async () => {
  const discovered = {
    resultType: 'complete',
    supportedVersions: ['2026-07-28', '2025-11-25'],
    capabilities: { tools: {}, extensions: { 'com.example/x': { a: 1 } } },
    instructions: 'be kind',
    ttlMs: 60_000,
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 's', version: '2' } },
  }
  await using server = await modernServer((_, say) => say.result(discovered))
  const [first, second] = await Promise.all([server.upstream.describe(), server.upstream.describe()])
  expect(await server.upstream.describe()).toBe(first)
  expect(second).toMatchObject({
    era: 'modern',
    version: '2026-07-28',
    capabilities: discovered.capabilities,
    serverInfo: { name: 's', version: '2' },
    instructions: 'be kind',
  })
  expect(server.asked).toHaveLength(1)
  expect(server.asked[0]?.params._meta['io.modelcontextprotocol/clientInfo']).toMatchObject({ name: 'bir-mcp' })
})

test('notifications that only legacy servers know are not sent; others are', async () => {
  await using server = await modernServer((_, say) => say.response.writeHead(202).end())
  await server.upstream.notify(aRequest(), { method: 'notifications/roots/list_changed' })
  await server.upstream.notify(aRequest(), { method: 'notifications/com.example/x', params: { a: 1 } })
  expect(server.asked).toMatchObject([{ method: 'notifications/com.example/x', params: { a: 1 } }])
  expect(server.asked[0]?.id).toBeUndefined()
})

test('a server that lists no tools is asked once, and a list that hangs holds no cancelled call', async () => {
  await using none = await modernServer(({ method }, say) => (method === 'tools/list' ? say.error(-32_601, 404) : say.result(done)))
  await none.upstream.request(callOf({}))
  await none.upstream.request(callOf({}))
  expect(none.asked.map(({ method }) => method)).toMatchObject(['tools/list', 'tools/call', 'tools/call'])

  const cancel = new Cancel()
  await using hanging = await modernServer(() => cancel.abort(new Error('the client went away')))
  await expect(hanging.upstream.request({ ...callOf({}), cancel })).rejects.toThrow('the client went away')
})

test.for<[string, string]>([
  ['a line break', 'a\r\nx-evil: 1'],
  ['a character beyond Latin-1', 'schlüssel✓'],
])('a secret with %s is never sent', async ([, secret]) => {
  await using server = await modernServer(
    (_, say) => say.result(done),
    { headers: { 'X-Key': { secret: 'key' } } },
    { readSecret: () => Promise.resolve(secret) },
  )
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({ name: 'UpstreamFault', code: 'secret_invalid' })
  expect(server.asked).toMatchObject([])
})

test('a missing secret is reported, with a hint what to do', async () => {
  const readSecret = () => Promise.reject(new ToolError('secret_missing', 'none', { hint: 'provide it' }))
  await using server = await modernServer((_, say) => say.result(done), { headers: { 'X-Key': { secret: 'key' } } }, { readSecret })
  await expect(server.upstream.request(aRequest())).rejects.toMatchObject({
    name: 'UpstreamFault',
    code: 'secret_missing',
    hint: 'provide it',
  })
})

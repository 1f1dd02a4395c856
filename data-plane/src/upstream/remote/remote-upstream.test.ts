import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { ToolError } from '@bir/sdk/contract/errors'
import type { RemoteSettings } from '@bir/sdk/contract/remote'
import { Cancel } from '../../runtime/cancellation.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { aListener, aRemote, aRequest, modernServer } from '../modern/testing.ts'
import { RemoteUpstream } from './remote-upstream.ts'
import type { RemoteServer } from '../http/connection.ts'
import { dualServer, legacyOnlyServer, modernOnlyServer, sseOnlyServer } from '../../testing/sdk.ts'
import type { SdkServer } from '../../testing/sdk.ts'
import { serverOf } from '../testing.ts'
import type { TestServer } from '../testing.ts'
import type { Notification } from '../../protocol/notification.ts'
import { within } from '../../testing/waiting.ts'

async function remoteTo(
  server: TestServer,
  settings: Partial<RemoteSettings> = {},
  overrides: Partial<RemoteServer> = {},
  breaker = new CircuitBreaker(),
) {
  const upstream = new RemoteUpstream({ ...aRemote(server.url, settings), ...overrides }, { breaker })
  return {
    upstream,
    async [Symbol.asyncDispose]() {
      await upstream.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

const callOf = (name: string, args: object = {}, more: Parameters<typeof aRequest>[0] = {}) =>
  aRequest({ method: 'tools/call', params: { name, arguments: args, _meta: { progressToken: 'p' } }, ...more })

const servers: [string, () => Promise<TestServer>, string][] = [
  ['a modern server', modernOnlyServer, 'modern'],
  ['a server of both eras', dualServer, 'modern'],
  ['a legacy server', legacyOnlyServer, 'legacy'],
  ['a server of the HTTP+SSE transport', sseOnlyServer, 'sse'],
]

test.for(servers)('%s of the official SDK is recognised, described, listed and called, with its progress', async ([, serve, era]) => {
  await using at = await remoteTo(await serve())
  const { upstream } = at
  expect(await upstream.describe(aRequest())).toMatchObject({ era, capabilities: { tools: {} }, serverInfo: { name: 'things' } })
  const listed = await upstream.request(aRequest({ method: 'tools/list', params: {} }))
  expect(listed.value).toMatchObject({ resultType: 'complete', tools: [{ name: 'echo' }, { name: 'slow' }] })
  const got: Notification[] = []
  const called = await upstream.request(callOf('echo', { text: 'hé' }, { onNotification: (notification) => void got.push(notification) }))
  expect(called.value).toMatchObject({ resultType: 'complete', content: [{ type: 'text', text: 'hé' }] })
  expect(got).toMatchObject([{ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } }])
  await expect(upstream.request(aRequest({ method: 'com.example/unknown', params: {} }))).rejects.toMatchObject({ code: -32_601 })
  expect(upstream.health()).toMatchObject({ state: 'up', era, lastError: undefined })
})

test.for(servers)('%s: a cancelled call is over at once, and the server goes on serving', async ([, serve]) => {
  await using at = await remoteTo(await serve())
  const cancel = new Cancel()
  const asked = at.upstream.request(callOf('slow', {}, { cancel, onNotification: () => cancel.abort(new Error('the client went away')) }))
  await expect(asked).rejects.toThrow('the client went away')
  await expect(at.upstream.request(callOf('echo', { text: 'x' }))).resolves.toMatchObject({ value: { content: [{ text: 'x' }] } })
})

test('a modern server notifies a listener', async () => {
  const server = await modernOnlyServer()
  await using at = await remoteTo(server)
  const heard = Promise.withResolvers<Notification>()
  const listening = await at.upstream.listen(aListener({ onNotification: heard.resolve }))
  expect(listening.honoured).toEqual({ toolsListChanged: true })
  server.toolsChanged()
  expect(await within(heard.promise, 'the listener to be told')).toMatchObject({ method: 'notifications/tools/list_changed' })
})

test('when a server has changed its era, the call is repeated in the other era and succeeds', async () => {
  const legacy = await legacyOnlyServer()
  const modern = await modernOnlyServer()
  let now: TestServer & { handle: Parameters<typeof serverOf>[0] } = modern
  const front = await serverOf((request, response) => now.handle(request, response))
  const upstream = new RemoteUpstream({ ...aRemote(front.url) }, { probeTimes: { minIntervalMs: 0 } })
  await upstream.request(callOf('echo', { text: 'a' }))
  expect(upstream.health().era).toBe('modern')
  now = legacy
  await expect(upstream.request(callOf('echo', { text: 'b' }))).resolves.toMatchObject({ value: { content: [{ text: 'b' }] } })
  expect(upstream.health().era).toBe('legacy')
  await upstream.close()
  for (const server of [front, legacy, modern]) await server[Symbol.asyncDispose]()
})

test.for<[string, () => Promise<SdkServer>, () => Promise<SdkServer>, string]>([
  ['HTTP+SSE to Streamable HTTP', sseOnlyServer, legacyOnlyServer, 'legacy'],
  ['Streamable HTTP to HTTP+SSE', legacyOnlyServer, sseOnlyServer, 'sse'],
])('when a server at the same address has changed from %s, it is served in its new way', async ([, before, after, era]) => {
  const [first, second] = [await before(), await after()]
  let now = first
  const front = await serverOf((request, response) => now.handle(request, response))
  const upstream = new RemoteUpstream({ ...aRemote(front.url) }, { probeTimes: { minIntervalMs: 0 } })
  await upstream.request(callOf('echo', { text: 'a' }))
  now = second
  // Another person has no session yet: the server refuses to begin one in the old way.
  const asked = upstream.request(callOf('echo', { text: 'b' }, { person: 'bob' }))
  await expect(asked).resolves.toMatchObject({ value: { content: [{ text: 'b' }] } })
  expect(upstream.health().era).toBe(era)
  await upstream.close()
  for (const server of [front, first, second]) await server[Symbol.asyncDispose]()
})

test('era: sse at an address where no such server is says so', async () => {
  await using at = await remoteTo(await legacyOnlyServer(), { era: 'sse' })
  await expect(at.upstream.request(callOf('echo', { text: 'x' }))).rejects.toMatchObject({
    code: 'upstream_down',
    publicMessage: 'There is no MCP server at this address that speaks the HTTP+SSE transport.',
  })
})

test('a server that is down fails fast after some faults, the error says when it is tried again, and then it is tried', async () => {
  const clock = { nowMs: 0 }
  let asked = 0
  let up = false
  const server = await serverOf((_, response) => {
    asked++
    response
      .writeHead(up ? 200 : 503, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_603, message: 'x' } }))
  })
  await using at = await remoteTo(
    server,
    { era: '2026-07-28' },
    {},
    new CircuitBreaker({ maxFaultsInARow: 3, firstOpenMs: 1000 }, () => clock.nowMs),
  )
  const ask = (person = 'alice') => at.upstream.request(aRequest({ person }))
  for (const person of ['alice', 'bob', 'alice']) await expect(ask(person)).rejects.toMatchObject({ name: 'UpstreamFault' })
  const before = asked
  await expect(ask()).rejects.toMatchObject({ code: 'upstream_down', hint: 'It is tried again in 1 s.' })
  expect(asked).toBe(before)
  expect(at.upstream.health()).toMatchObject({
    state: 'down',
    breaker: 'open',
    lastSuccessAtMs: undefined,
    lastErrorAtMs: expect.any(Number),
    lastError: expect.stringContaining('(error -32603'),
    lastErrorSays: 'The MCP server speaks another revision of the protocol than it did.',
  })
  up = true
  clock.nowMs = 1000
  await ask().catch(() => undefined)
  expect(asked).toBe(before + 1)
})

test.for(['legacy', '2026-07-28'] as const)('text that a server of era %s sent instead of JSON is repeated in no error', async (era) => {
  const server = await serverOf((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('s3cr3t is no JSON'))
  await using at = await remoteTo(server, { era })
  const fault: unknown = await at.upstream.request(aRequest()).catch((error: unknown) => error)
  expect(String(fault)).toContain('text that is no JSON')
  expect(`${String(fault)} ${JSON.stringify(at.upstream.health())}`).not.toContain('s3cr3t')
})

test('a cancelled call does not make a server look down; calls of several people that took too long do', async () => {
  const server = await serverOf(() => undefined)
  await using at = await remoteTo(server, { era: '2026-07-28' }, {}, new CircuitBreaker({ maxFaultsInARow: 2 }))
  const cut = async (cause: Error, person = 'alice') => {
    const cancel = new Cancel()
    const asked = at.upstream.request(aRequest({ cancel, person }))
    cancel.abort(cause)
    await expect(asked).rejects.toBe(cause)
  }
  for (let count = 0; count < 5; count++) await cut(new Error('the client went away'))
  expect(at.upstream.health()).toMatchObject({ state: 'unknown' })
  for (const person of ['alice', 'bob']) await cut(new ToolError('timed_out', 'too slow'), person)
  expect(at.upstream.health()).toMatchObject({ state: 'down', lastError: 'too slow' })
})

test('closing waits for a call under way', async () => {
  const reached = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = await serverOf(async (_, response) => {
    reached.resolve()
    await release.promise
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"late"}}')
  })
  await using at = await remoteTo(server, { era: '2026-07-28' })
  const asked = at.upstream.request(aRequest())
  await within(reached.promise, 'the call to reach the server')
  const closing = at.upstream.close()
  release.resolve()
  await expect(asked).rejects.toMatchObject({ name: 'UpstreamFault', message: expect.stringContaining('-32603') })
  await within(closing, 'the upstream to close')
})

test('a description from the cache does not make a server look up', async () => {
  const server = await modernOnlyServer()
  let up = true
  const front = await serverOf((request, response) => (up ? server.handle(request, response) : response.writeHead(503).end()))
  await using at = await remoteTo(front, { era: '2026-07-28' }, {}, new CircuitBreaker({ maxFaultsInARow: 3 }))
  const described = await at.upstream.describe(aRequest())
  up = false
  for (const person of ['alice', 'bob', 'alice']) {
    await expect(at.upstream.request(aRequest({ person }))).rejects.toMatchObject({ code: 'upstream_down' })
    expect(await at.upstream.describe(aRequest())).toBe(described)
    expect(at.upstream.health().state).toBe('down')
  }
  await expect(at.upstream.request(aRequest())).rejects.toThrow('not asked')
  await server[Symbol.asyncDispose]()
})

test('what one person asks too much of is closed to nobody; a server that hangs for all is not asked any more', async () => {
  let hangs = false
  await using server = await modernServer(({ method, params }, say) => {
    if (hangs || params['name'] === 'slow') return
    return method === 'tools/call' ? say.result({ resultType: 'complete', content: [] }) : 'as usual'
  })
  await using at = await remoteTo(server, { era: '2026-07-28' }, { callTimeoutMs: 50 })
  const ask = (name: string, person: string) => at.upstream.request(callOf(name, {}, { person }))
  for (let time = 0; time < 8; time++) await expect(ask('slow', 'alice')).rejects.toMatchObject({ code: 'timed_out' })
  await expect(ask('quick', 'bob')).resolves.toMatchObject({ value: { resultType: 'complete' } })
  expect(at.upstream.health()).toMatchObject({ state: 'up', breaker: 'closed' })
  hangs = true
  for (let time = 0; time < 4; time++) await Promise.allSettled([ask('quick', 'alice'), ask('quick', 'bob')])
  await expect(ask('quick', 'carol')).rejects.toThrow('not asked')
  expect(at.upstream.health()).toMatchObject({ breaker: 'open' })
})

const brokenAnswers: [string, (response: ServerResponse) => unknown][] = [
  ['status 500', (response) => response.writeHead(500).end()],
  ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>no</p>')],
  ['null', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('null')],
  ['a value that is too deep', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('['.repeat(100_000))],
  ['a body that breaks off', (response) => void response.writeHead(200, { 'content-length': '9' }).write('[', () => response.destroy())],
]

test.for(brokenAnswers)(
  'a tool that answers one person with %s is closed to nobody, and to all when it answers so to others too',
  async ([, answer]) => {
    const modern = await modernOnlyServer()
    const isBad = (request: IncomingMessage) => request.headers['mcp-name'] === 'bad'
    const front = await serverOf((request, response) => (isBad(request) ? answer(response) : modern.handle(request, response)))
    await using at = await remoteTo(front, { era: '2026-07-28' })
    const ask = (name: string, person: string) => at.upstream.request(callOf(name, { text: 'x' }, { person }))
    const askBadly = (person: string) => expect(ask('bad', person)).rejects.toMatchObject({ code: 'upstream_down' })
    for (let time = 0; time < 8; time++) await askBadly('alice')
    await expect(ask('echo', 'bob')).resolves.toMatchObject({ value: { content: [{ text: 'x' }] } })
    for (const person of ['alice', 'alice', 'alice', 'alice', 'bob']) await askBadly(person)
    await expect(ask('echo', 'carol')).rejects.toThrow('not asked')
    await modern[Symbol.asyncDispose]()
  },
)

test('a server that cannot be reached is not asked any more, though one person alone asks it', async () => {
  const server = await serverOf((request) => request.socket.destroy())
  await using at = await remoteTo(server, { era: '2026-07-28' })
  for (let time = 0; time < 5; time++) await expect(at.upstream.request(aRequest())).rejects.not.toThrow('not asked')
  await expect(at.upstream.request(aRequest())).rejects.toThrow('not asked')
})

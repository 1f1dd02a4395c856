import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { EraKeeper } from './era-probe.ts'
import { verdictOf } from './era-verdict.ts'
import { aRemote } from '../modern/testing.ts'
import { openConnection } from '../http/connection.ts'
import { serverOf } from '../testing.ts'

const discover = (...supportedVersions: string[]) => ({ result: { supportedVersions } })
const error = (code: number, data?: object) => ({ error: { code, message: '', data } })

test.for([
  [200, discover('2026-07-28', '2025-11-25'), 'modern'],
  [200, discover('2025-11-25'), 'legacy'],
  [400, error(-32_020), 'modern'],
  [400, error(-32_021), 'modern'],
  [400, error(-32_022, { supported: ['2026-07-28'] }), 'modern'],
  [400, error(-32_022, { supported: ['2025-11-25'] }), 'legacy'],
  [400, error(-32_000), 'legacy'],
  [400, undefined, 'legacy'],
  [404, undefined, 'legacy'],
  [404, error(-32_601), 'legacy'],
  [405, undefined, 'legacy'],
  [200, error(-32_601), 'legacy'],
  [200, { result: {} }, 'legacy'],
] as const)('status %i with %o is a server of the era %s', ([status, message, era]) => {
  expect(verdictOf(status, message)).toBe(era)
})

test.for([
  [401, error(-32_022), 'secret_invalid'],
  [403, undefined, 'secret_invalid'],
  [429, undefined, 'rate_limited'],
  [500, error(-32_601), 'upstream_down'],
  [503, undefined, 'upstream_down'],
  [302, undefined, 'upstream_down'],
  [202, undefined, 'upstream_down'],
  [200, discover('2199-01-01'), 'upstream_down'],
  [418, error(-32_601), 'upstream_down'],
] as const)('status %i with %o gives no era but the fault %s', ([status, message, code]) => {
  expect(() => verdictOf(status, message)).toThrow(expect.objectContaining({ name: 'UpstreamFault', code }))
})

const says = (response: ServerResponse, message: object, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: 0, ...message }))
const asModern = (response: ServerResponse) => says(response, discover('2026-07-28'))
const asLegacy = (response: ServerResponse) => says(response, error(-32_601), 400)

type Answer = (response: ServerResponse) => unknown
const refuses: Answer = (response) => says(response, error(-32_601), 400)
const initializes: Answer = (response) => {
  response.setHeader('mcp-session-id', 's1')
  says(response, { result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } } })
}

const absent: Answer = (response) => response.writeHead(405).end()
const stream = { 'content-type': 'text/event-stream' }
const namesEndpoint: Answer = (response) => response.writeHead(200, stream).write('event: endpoint\ndata: /messages\n\n')

async function aKeeper(discover: Answer, times = {}, settings = {}, { initialize = refuses, get = absent, callTimeoutMs = 60_000 } = {}) {
  const state = { answer: discover, initialize, asked: 0, initialized: 0, gets: 0, ended: [] as unknown[] }
  const server = await serverOf(async (request, response) => {
    const body = await text(request)
    if (request.method === 'DELETE') return void (state.ended.push(request.headers['mcp-session-id']), response.end())
    if (request.method === 'GET') return (state.gets++, get(response))
    const isInitialize = body.includes('"initialize"')
    if (isInitialize) state.initialized++
    else state.asked++
    return isInitialize ? state.initialize(response) : state.answer(response)
  })
  const options = openConnection({ ...aRemote(server.url, settings), callTimeoutMs })
  return {
    state,
    keeper: new EraKeeper(options, times),
    async [Symbol.asyncDispose]() {
      await options.pool.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('calls at the same time share one probe, and its verdict is kept', async () => {
  await using at = await aKeeper(asModern)
  expect(await Promise.all([at.keeper.get(), at.keeper.get(), at.keeper.get()])).toEqual(['modern', 'modern', 'modern'])
  expect(at.keeper.get()).toBe('modern')
  expect(at.state.asked).toBe(1)
})

test('an answer as a stream gives a verdict too', async () => {
  await using at = await aKeeper((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('id: 1\ndata:\n\n')
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 0, ...discover('2026-07-28') })}\n\n`)
  })
  expect(await at.keeper.get()).toBe('modern')
})

test('an era that the administrator set is not probed', async () => {
  await using legacy = await aKeeper(asModern, {}, { era: 'legacy' })
  await using modern = await aKeeper(asLegacy, {}, { era: '2026-07-28' })
  expect([legacy.keeper.get(), modern.keeper.get(), modern.keeper.probeAgain()]).toEqual(['legacy', 'modern', 'modern'])
  expect(legacy.state.asked + modern.state.asked).toBe(0)
})

test('an expired verdict is used while a probe runs in the background: an upgrade of the server is noticed', async () => {
  await using at = await aKeeper(asLegacy, { validMs: 0 })
  expect(await at.keeper.get()).toBe('legacy')
  at.state.answer = asModern
  expect(at.keeper.get()).toBe('legacy')
  await expect.poll(() => at.keeper.get()).toBe('modern')
})

test('a fault gives no verdict, and does not change an earlier one', async () => {
  await using at = await aKeeper((response) => response.writeHead(503).end(), { minIntervalMs: 0 })
  await expect(at.keeper.get()).rejects.toMatchObject({ code: 'upstream_down' })
  at.state.answer = asLegacy
  expect(await at.keeper.get()).toBe('legacy')
  at.state.answer = (response) => response.writeHead(401).end()
  await expect(at.keeper.probeAgain()).rejects.toMatchObject({ code: 'secret_invalid' })
  expect(at.keeper.get()).toBe('legacy')
})

test('a doubt leads to a probe at once, but not again within the interval', async () => {
  await using at = await aKeeper(asLegacy, { minIntervalMs: 60_000 })
  await at.keeper.get()
  expect(at.keeper.probeAgain()).toBe('legacy')
  expect(at.state.asked).toBe(1)
})

const html = { 'content-type': 'text/html' }
const oddAnswers: [string, Answer][] = [
  ['500 and an error', (response) => says(response, error(-32_603), 500)],
  ['502 and a page', (response) => response.writeHead(502, html).end('<h1>Bad Gateway</h1>')],
  ['501', (response) => response.writeHead(501).end()],
  ['401', (response) => response.writeHead(401).end()],
  ['403', (response) => response.writeHead(403).end()],
  ['429', (response) => response.writeHead(429).end()],
  ['418', (response) => response.writeHead(418).end()],
  ['a redirect', (response) => response.writeHead(302, { location: '/' }).end()],
  ['202', (response) => response.writeHead(202).end()],
  ['200 and a page', (response) => response.writeHead(200, html).end('<h1>Hi</h1>')],
  ['200 and no JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('oops')],
  ['200 and a stream that ends', (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(': \n\n')],
  [
    'a stream that breaks',
    (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': \n\n', () => response.destroy()),
  ],
  ['an answer larger than any may be', (response) => says(response, { result: { text: 'x'.repeat(200_000) } })],
  ['a closed connection', (response) => response.destroy()],
  ['nothing at all', () => undefined],
  ['a head and no body', (response) => response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()],
]

test.for(oddAnswers)(
  'a server that answers server/discover with %s and initializes is legacy, and the session of the probe is ended',
  async ([, odd]) => {
    await using at = await aKeeper(odd, { patienceMs: 20 }, {}, { initialize: initializes })
    expect(await at.keeper.get()).toBe('legacy')
    await expect.poll(() => at.state.ended).toEqual(['s1'])
  },
)

test('a modern server that needs long to answer is modern, although it was asked to initialize meanwhile', async () => {
  const discovering = Promise.withResolvers<ServerResponse>()
  await using at = await aKeeper(discovering.resolve, { patienceMs: 20 })
  const era = at.keeper.get()
  await expect.poll(() => at.state.initialized).toBe(1)
  asModern(await discovering.promise)
  expect(await era).toBe('modern')
})

test('a server that answers neither question is down, within the time that one question may take', async () => {
  await using at = await aKeeper(() => undefined, {}, {}, { initialize: () => undefined, callTimeoutMs: 200 })
  await expect(at.keeper.get()).rejects.toMatchObject({
    code: 'upstream_down',
    publicMessage: 'The MCP server cannot be reached.',
    message: expect.stringMatching(/^server\/discover: .* 0\.2 s\.; initialize: .* s\.$/),
  })
})

test('a server that is not there is asked once', async () => {
  const server = await serverOf(() => undefined)
  await server[Symbol.asyncDispose]()
  const options = openConnection(aRemote(server.url))
  await expect(new EraKeeper(options).get()).rejects.toMatchObject({ code: 'upstream_down', message: 'connection refused' })
  await options.pool.close()
})

test.for([
  ['500 both times', (response: ServerResponse) => response.writeHead(500).end(), 'The MCP server cannot be reached.'],
  [
    'a page both times',
    (response: ServerResponse) => response.writeHead(200, html).end('<h1>Hi</h1>'),
    'The MCP server does not say which protocol revision it speaks.',
  ],
] as const)('after %s the fault names both answers and the setting that helps', async ([, answer, publicMessage]) => {
  await using at = await aKeeper(answer, {}, {}, { initialize: answer })
  await expect(at.keeper.get()).rejects.toMatchObject({
    code: 'upstream_down',
    publicMessage,
    message: expect.stringMatching(/^server\/discover: .*; initialize: .*set era: legacy, era: sse or era: 2026-07-28/),
  })
})

test.for([
  [401, 'secret_invalid'],
  [429, 'rate_limited'],
] as const)('when the second question gets status %i, that is the reason: %s', async ([status, code]) => {
  await using at = await aKeeper(
    (response) => response.writeHead(500).end(),
    {},
    {},
    { initialize: (response) => response.writeHead(status).end() },
  )
  await expect(at.keeper.get()).rejects.toMatchObject({ code })
})

test('a server of both eras that is ill once stays modern; if it is still ill and initializes, it is legacy', async () => {
  await using at = await aKeeper(asModern, { minIntervalMs: 0 }, {}, { initialize: initializes })
  expect(await at.keeper.get()).toBe('modern')
  at.state.answer = (response) => response.writeHead(503).end()
  await expect(at.keeper.probeAgain()).rejects.toMatchObject({ code: 'upstream_down' })
  expect(at.state.initialized).toBe(0)
  expect(await at.keeper.probeAgain()).toBe('legacy')
  at.state.answer = asModern
  expect(await at.keeper.probeAgain()).toBe('modern')
})

const noMcp: [string, Answer][] = [
  ['404 and a page', (response) => response.writeHead(404, html).end('Cannot POST /sse')],
  ['405', (response) => response.writeHead(405).end('Method Not Allowed')],
  ['405 and JSON of a framework', (response) => response.writeHead(405, { 'content-type': 'application/json' }).end('{"error":"no"}')],
  ['400', (response) => response.writeHead(400).end()],
  ['500', (response) => response.writeHead(500).end()],
  ['200 and a page', (response) => response.writeHead(200, html).end('<h1>Hi</h1>')],
]

test.for(noMcp)('a server that answers POST with %s and GET with an endpoint speaks HTTP+SSE', async ([, answer]) => {
  await using at = await aKeeper(answer, {}, {}, { initialize: answer, get: namesEndpoint })
  expect(await at.keeper.get()).toBe('sse')
})

test.for<[string, Answer]>([
  ['405', absent],
  ['a stream of another kind', (response) => response.writeHead(200, stream).write('data: {"jsonrpc":"2.0","method":"x"}\n\n')],
  ['a page', (response) => response.writeHead(200, html).end('<h1>Hi</h1>')],
  ['a closed connection', (response) => response.destroy()],
])('a server that answers POST with 404 and GET with %s is legacy', async ([, get]) => {
  await using at = await aKeeper((response) => response.writeHead(404).end(), {}, {}, { get })
  expect(await at.keeper.get()).toBe('legacy')
})

test('… also after events of other names', async () => {
  const answer: Answer = (response) => response.writeHead(404).end()
  const chatty: Answer = (response) => {
    response.writeHead(200, stream).write(': welcome\n\nevent: ping\ndata: 1\n\nevent: endpoint\ndata: /messages\n\n')
  }
  await using at = await aKeeper(answer, {}, {}, { initialize: answer, get: chatty })
  expect(await at.keeper.get()).toBe('sse')
})

test('a server that names its endpoint only after it was asked to initialize speaks HTTP+SSE', async () => {
  const held = Promise.withResolvers<ServerResponse>()
  const late: Answer = (response) => {
    response.writeHead(200, stream).flushHeaders()
    held.resolve(response)
  }
  const notFound: Answer = (response) => response.writeHead(404).end()
  await using at = await aKeeper(notFound, {}, {}, { initialize: notFound, get: late })
  const era = at.keeper.get()
  const opened = await held.promise
  await expect.poll(() => at.state.initialized).toBe(1)
  opened.write('event: endpoint\ndata: /messages\n\n')
  expect(await era).toBe('sse')
})

test('a server whose stream is silent and that initializes is legacy', async () => {
  const silent: Answer = (response) => response.writeHead(200, stream).flushHeaders()
  await using at = await aKeeper((response) => response.writeHead(404).end(), {}, {}, { initialize: initializes, get: silent })
  expect(await at.keeper.get()).toBe('legacy')
})

test('a server of both transports at one address is used over Streamable HTTP', async () => {
  await using at = await aKeeper((response) => response.writeHead(400).end(), {}, {}, { initialize: initializes, get: namesEndpoint })
  expect(await at.keeper.get()).toBe('legacy')
  await expect.poll(() => at.state.ended).toEqual(['s1'])
})

test('a server that answers as an MCP server of any era is not asked by GET', async () => {
  await using modern = await aKeeper(asModern)
  await using legacy = await aKeeper(asLegacy)
  expect([await modern.keeper.get(), await legacy.keeper.get()]).toEqual(['modern', 'legacy'])
  expect(modern.state.gets + legacy.state.gets).toBe(0)
})

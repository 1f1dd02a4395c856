import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test, vi } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { within } from '../../testing/waiting.ts'
import type { Notification } from '../../protocol/notification.ts'
import { aCall, aClient, aListen, aRequest, sdkSseServer } from './testing.ts'
import { said, state, things } from './testing-things.ts'

test('a server of the HTTP+SSE transport is described and called: every message goes to the endpoint that it names', async () => {
  await using server = await sdkSseServer(things)
  await expect(server.upstream.describe(aCall('echo'))).resolves.toMatchObject({
    era: 'sse',
    version: '2024-11-05',
    capabilities: { logging: {}, tools: { listChanged: true } },
    serverInfo: { name: 'things', version: '1' },
    instructions: 'Be kind.',
  })
  const answer = await server.upstream.request(aCall('echo', { text: 'hi' }))
  expect(answer.value).toMatchObject({ resultType: 'complete', ...said('hi') })
  expect(server.seen.map(({ http, body }) => `${http} ${body.method ?? ''}`)).toEqual([
    'GET ',
    'POST initialize',
    'POST notifications/initialized',
    'POST tools/call',
  ])
  expect(server.sent('initialize')[0]?.body.params).toMatchObject({ protocolVersion: '2024-11-05', clientInfo: { name: 'test' } })
  for (const { headers } of server.seen) {
    expect(headers['x-key']).toBe('k')
    expect(headers['mcp-session-id']).toBeUndefined()
  }
})

test('over HTTP+SSE, too, two people never share a session, and each client session has its own', async () => {
  await using server = await sdkSseServer(things)
  const ask = (person: string, session?: string) => server.upstream.request(aCall('echo', { text: 'x' }, { person, session }))
  await Promise.all([ask('alice'), ask('alice'), ask('bob'), ask('alice', 's1'), ask('alice', 's2'), ask('bob', 's1')])
  expect(server.transports.size).toBe(5)
  await server.upstream.endSession({ person: 'alice', session: 's1', client: aClient() })
  await expect.poll(() => server.transports.size).toBe(4)
  await server.upstream.close()
  await expect.poll(() => server.transports.size).toBe(0)
})

test('over HTTP+SSE progress has the token of the client, and logs the level it asked for, in order, before the result', async () => {
  await using server = await sdkSseServer(things)
  const heard: Notification[] = []
  await server.upstream.request(aCall('steps', {}, { client: aClient({ logLevel: 'error' }), heard }, { _meta: { progressToken: 'mine' } }))
  expect(heard).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 2 } },
    { method: 'notifications/message', params: { level: 'error', data: 'step 2' } },
  ])
})

test('over HTTP+SSE calls under way at once get their own answers and their own progress', async () => {
  await using server = await sdkSseServer(things)
  const calls = Array.from({ length: 20 }, async (_, at) => {
    const heard: Notification[] = []
    await server.upstream.request(aCall('steps', {}, { heard }, { _meta: { progressToken: `t${at}` } }))
    const { value } = await server.upstream.request(aCall('echo', { text: `n${at}` }))
    return { value, tokens: heard.map(({ params }) => params?.['progressToken']) }
  })
  const answers = await Promise.all(calls)
  for (const [at, { value, tokens }] of answers.entries()) {
    expect(value).toMatchObject(said(`n${at}`))
    expect(tokens).toEqual([`t${at}`, `t${at}`])
  }
  expect(server.transports.size).toBe(1)
})

test('over HTTP+SSE a server asks its client in as many rounds as it needs', async () => {
  await using server = await sdkSseServer(things)
  const first = await server.upstream.request(aCall('ask'))
  expect(first.value).toMatchObject({ inputRequests: { 'elicitation-1': { method: 'elicitation/create', params: { message: 'Who?' } } } })
  const next = (requestState: unknown, inputResponses: Record<string, unknown>) =>
    server.upstream.request(aCall('ask', {}, {}, { requestState, inputResponses }))
  const second = await next(first.value['requestState'], { 'elicitation-1': { action: 'accept', content: { name: 'Ann' } } })
  const third = await next(second.value['requestState'], {
    'sampling-2': { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' },
  })
  const last = await next(third.value['requestState'], { 'roots-3': { roots: [] } })
  expect(last.value).toMatchObject(said(JSON.stringify([{ name: 'Ann' }, 'm', 0])))
  expect(server.sent('tools/call')).toHaveLength(1)
})

test('over HTTP+SSE the error of a request whose client cannot be asked names the missing capability', async () => {
  await using server = await sdkSseServer(things)
  const client = aClient({ capabilities: {} })
  const read = server.upstream.request(aRequest('resources/read', { uri: 'things://asks' }, { client }))
  await expect(read).rejects.toMatchObject({ code: -32021, data: { requiredCapabilities: { roots: {} } } })
  const { value } = await server.upstream.request(aCall('ask', {}, { client }))
  expect(value).toMatchObject({ isError: true })
})

test('over HTTP+SSE a cancelled request is cancelled at the server, and the session goes on', async () => {
  await using server = await sdkSseServer(things)
  const cancel = new Cancel()
  const hanging = server.upstream.request(aCall('hang', {}, { cancel }))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(1)
  const before = state.aborted
  cancel.abort(new Error('enough'))
  await expect(hanging).rejects.toThrow('enough')
  await expect.poll(() => state.aborted).toBe(before + 1)
  await expect(server.upstream.request(aCall('echo', { text: 'x' }))).resolves.toMatchObject({ value: said('x') })
  expect(server.transports.size).toBe(1)
})

const servers: McpServer[] = []

function watched(): McpServer {
  const server = new McpServer(
    { name: 'watched', version: '1' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} } },
  )
  server.server.setRequestHandler(SubscribeRequestSchema, () => ({}))
  server.server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
  server.registerTool('wait', {}, () => new Promise(() => undefined))
  server.registerTool('fine', {}, () => said('fine'))
  servers.push(server)
  return server
}

const last = () => servers.at(-1)?.server

test('over HTTP+SSE a listener receives the changes that it asked for, and a client session its own questions', async () => {
  await using server = await sdkSseServer(watched)
  const heard: Notification[] = []
  const filter = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['a://1'] }
  const onRequest = vi.fn(() => Promise.resolve({ result: { roots: [] } }))
  const { honoured } = await server.upstream.listen(aListen(filter, { heard, session: 's1', onRequest }))
  expect(honoured).toEqual({ toolsListChanged: true, resourceSubscriptions: ['a://1'] })
  await last()?.sendResourceUpdated({ uri: 'a://1' })
  await last()?.sendToolListChanged()
  await expect(within(last()?.listRoots() ?? Promise.reject(), 'the answer of the client')).resolves.toMatchObject({ roots: [] })
  expect(heard).toMatchObject([
    { method: 'notifications/resources/updated', params: { uri: 'a://1' } },
    { method: 'notifications/tools/list_changed' },
  ])
})

test('a ping is answered, and a question that nobody can answer is refused, while nothing is under way', async () => {
  await using server = await sdkSseServer(watched)
  await server.upstream.request(aCall('fine'))
  await within(last()?.ping() ?? Promise.reject(), 'the answer to a ping')
  await expect(last()?.listRoots()).rejects.toMatchObject({ code: -32601 })
})

test('when the stream ends, the calls under way fail as those of a server that broke off, and the next call opens another', async () => {
  await using server = await sdkSseServer(watched)
  const waiting = ['a', 'b'].map(() => server.upstream.request(aCall('wait')))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(2)
  await [...server.transports.values()][0]?.close()
  for (const call of waiting)
    await expect(call).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down', message: 'the stream of the session ended' })
  const calls = ['c', 'd'].map(() => server.upstream.request(aCall('fine')))
  await expect(Promise.all(calls)).resolves.toMatchObject([{ value: said('fine') }, { value: said('fine') }])
  expect(server.sent('initialize')).toHaveLength(2)
  expect(server.sent('tools/call').filter(({ body }) => body.params?.['name'] === 'wait')).toHaveLength(2)
})

test('a server that does not know the session any more, though its stream is open, gets a new one', async () => {
  await using server = await sdkSseServer(watched)
  await server.upstream.request(aCall('fine'))
  server.transports.clear()
  await expect(server.upstream.request(aCall('fine'))).resolves.toMatchObject({ value: said('fine') })
  expect(server.sent('initialize')).toHaveLength(2)
})

test('a question that waits for its client when the stream ends cannot be answered any more', async () => {
  await using server = await sdkSseServer(things)
  const { value } = await server.upstream.request(aCall('ask'))
  await [...server.transports.values()][0]?.close()
  await expect.poll(() => server.transports.size).toBe(0)
  const inputResponses = { 'elicitation-1': { action: 'decline' } }
  const late = server.upstream.request(aCall('ask', {}, {}, { requestState: value['requestState'], inputResponses }))
  await expect(late).rejects.toMatchObject({ name: 'UpstreamFault', code: 'upstream_down' })
})

test('a listener outlives the stream: the session is opened again, and it is notified of everything', async () => {
  await using server = await sdkSseServer(watched)
  const heard: Notification[] = []
  const ended = vi.fn<(error?: Error) => void>()
  await server.upstream.listen(aListen({ toolsListChanged: true, resourceSubscriptions: ['a://1'] }, { heard, onEnd: ended }))
  await [...server.transports.values()][0]?.close()
  await expect.poll(() => server.sent('resources/subscribe')).toHaveLength(2)
  await expect.poll(() => heard).toHaveLength(2)
  await last()?.sendToolListChanged()
  await expect.poll(() => heard).toHaveLength(3)
  expect(ended).not.toHaveBeenCalled()
})

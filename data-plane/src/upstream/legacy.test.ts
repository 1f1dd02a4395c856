import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CreateMessageResultSchema,
  ElicitResultSchema,
  ErrorCode,
  ListRootsResultSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Cancel } from '../pipeline/cancel.ts'
import { aCall, aClient, aRequest, sdkServer } from './legacy-testing.ts'
import type { Notification } from './upstream.ts'

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] })

const state = { aborted: 0 }

/** Tools that do what a legacy server can do while it works. */
function things(): McpServer {
  const server = new McpServer({ name: 'things', version: '1' }, { capabilities: { logging: {}, tools: {} }, instructions: 'Be kind.' })
  server.registerTool('echo', { inputSchema: { text: z.string() } }, ({ text }) => said(text))
  server.registerTool('steps', {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken
    for (const progress of [1, 2]) {
      if (progressToken !== undefined) await sendNotification({ method: 'notifications/progress', params: { progressToken, progress } })
      await sendNotification({
        method: 'notifications/message',
        params: { level: progress === 1 ? 'debug' : 'error', data: `step ${progress}` },
      })
    }
    return said('done')
  })
  server.registerTool('ask', {}, async ({ sendRequest }) => {
    const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } }
    const first = await sendRequest({ method: 'elicitation/create', params: { message: 'Who?', requestedSchema } }, ElicitResultSchema)
    const second = await sendRequest(
      { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } },
      CreateMessageResultSchema,
    )
    const third = await sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    return said(JSON.stringify([first.content, second.model, third.roots.length]))
  })
  server.registerTool('ask-both', {}, async ({ sendRequest }) => {
    const roots = () => sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    const [one, two] = await Promise.all([roots(), roots()])
    return said(`${one.roots.length} and ${two.roots.length}`)
  })
  server.registerTool('visit', {}, () => {
    const elicitations = [{ mode: 'url', elicitationId: 'e1', url: 'https://example.com/connect', message: 'Connect first.' }]
    throw new McpError(ErrorCode.UrlElicitationRequired, 'Connect first.', { elicitations })
  })
  server.registerTool('hang', {}, ({ signal }) => {
    signal.addEventListener('abort', () => state.aborted++)
    return new Promise(() => undefined)
  })
  server.registerResource('one', 'things://one', {}, () => {
    throw new McpError(-32002, 'Resource not found', { uri: 'things://one' })
  })
  server.registerResource('asks', 'things://asks', {}, async (_, { sendRequest }) => {
    await sendRequest({ method: 'roots/list' }, ListRootsResultSchema)
    return { contents: [] }
  })
  return server
}

test('a result comes back complete, in the words of the server', async () => {
  await using server = await sdkServer(things)
  const { value, raw } = await server.upstream.request(aCall('echo', { text: 'hi' }))
  expect(value).toEqual({ resultType: 'complete', ...said('hi') })
  expect(JSON.parse(raw ?? '')).toEqual(value)
})

test('calls one after the other leave their connections to the next', async () => {
  await using server = await sdkServer(things)
  for (const text of ['a', 'b', 'c', 'd']) await server.upstream.request(aCall('echo', { text }, { client: aClient({ capabilities: {} }) }))
  expect(new Set(server.seen.map(({ port }) => port)).size).toBeLessThanOrEqual(2)
})

test('the server is told what the client declared, and no more', async () => {
  await using server = await sdkServer(things)
  const client = aClient({ capabilities: { roots: {}, tasks: { list: {} } }, info: { name: 'claude', version: '3', title: 'C' } })
  await server.upstream.request(aCall('echo', { text: 'hi' }, { client }))
  expect(server.sent('initialize')[0]?.body.params).toEqual({
    protocolVersion: '2025-11-25',
    capabilities: { roots: {} },
    clientInfo: { name: 'claude', version: '3', title: 'C' },
  })
  const call = server.sent('tools/call')[0]
  expect(call?.headers).toMatchObject({ 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': expect.any(String), 'x-key': 'k' })
})

test('a server without sessions works too', async () => {
  await using server = await sdkServer(things, { stateless: true })
  await expect(server.upstream.describe(aCall('echo'))).resolves.toMatchObject({ era: 'legacy', version: '2025-11-25' })
})

test('a server says of itself what it is', async () => {
  await using server = await sdkServer(things)
  await expect(server.upstream.describe(aCall('echo'))).resolves.toEqual({
    era: 'legacy',
    version: '2025-11-25',
    capabilities: { logging: {}, tools: { listChanged: true }, resources: { listChanged: true } },
    serverInfo: { name: 'things', version: '1' },
    instructions: 'Be kind.',
  })
})

test('one person’s session is never used for another, and a client session has one of its own', async () => {
  await using server = await sdkServer(things)
  const ask = (person: string, session?: string) => server.upstream.request(aCall('echo', { text: 'x' }, { person, session }))
  await Promise.all([ask('alice'), ask('alice'), ask('bob'), ask('alice', 's1'), ask('alice', 's2'), ask('bob', 's1')])
  expect(server.sent('initialize')).toHaveLength(5)
  const ids = server.sent('tools/call').map(({ headers, body }) => `${String(headers['mcp-session-id'])} ${String(body.id)}`)
  expect(new Set(ids).size).toBe(6)
})

test('progress comes under the client’s own token and logs at the level asked for, in order, before the result', async () => {
  await using server = await sdkServer(things)
  const heard: Notification[] = []
  const client = aClient({ logLevel: 'error' })
  await server.upstream.request(aCall('steps', {}, { client, heard }, { _meta: { progressToken: 'mine', other: 1 } }))
  expect(heard).toEqual([
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 2 } },
    { method: 'notifications/message', params: { level: 'error', data: 'step 2' } },
  ])
  const [call] = server.sent('tools/call')
  expect(call?.body.params?.['_meta']).toEqual({ progressToken: call?.body.id, other: 1 })
  expect(server.sent('logging/setLevel')[0]?.body.params).toEqual({ level: 'error' })
})

test('who asked for no log hears none', async () => {
  await using server = await sdkServer(things)
  const heard: Notification[] = []
  await server.upstream.request(aCall('steps', {}, { heard }))
  expect(heard).toEqual([])
  expect(server.sent('logging/setLevel')).toEqual([])
})

test('a server that asks its client is answered over as many rounds as it takes', async () => {
  await using server = await sdkServer(things)
  const first = await server.upstream.request(aCall('ask'))
  expect(first).toMatchObject({
    ownState: true,
    value: {
      resultType: 'input_required',
      inputRequests: { 'elicitation-1': { method: 'elicitation/create', params: { message: 'Who?' } } },
    },
  })
  const next = (requestState: unknown, inputResponses: Record<string, unknown>) =>
    server.upstream.request(aCall('ask', {}, {}, { requestState, inputResponses }))
  const second = await next(first.value['requestState'], { 'elicitation-1': { action: 'accept', content: { name: 'Ann' } } })
  expect(Object.values(second.value['inputRequests'] as object)).toMatchObject([{ method: 'sampling/createMessage' }])
  const answer = { role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }
  const third = await next(second.value['requestState'], { 'sampling-2': answer })
  const last = await next(third.value['requestState'], { 'roots-3': { roots: [] } })
  expect(last.value).toEqual({ resultType: 'complete', ...said(JSON.stringify([{ name: 'Ann' }, 'm', 0])) })
  expect(server.sent('tools/call')).toHaveLength(1)
})

test('what was not answered is asked again', async () => {
  await using server = await sdkServer(things)
  const first = await server.upstream.request(aCall('ask-both'))
  const round = async (value: Readonly<Record<string, unknown>>, inputResponses: Record<string, unknown>) =>
    (await server.upstream.request(aCall('ask-both', {}, {}, { requestState: value['requestState'], inputResponses }))).value
  const again = await round(first.value, { other: {}, 'roots-2': 'no object' })
  expect(again['inputRequests']).toEqual(first.value['inputRequests'])
  let value = again
  while (value['resultType'] === 'input_required') {
    const [key = ''] = Object.keys(value['inputRequests'] as object)
    value = await round(value, { [key]: { roots: [] } })
  }
  expect(value).toMatchObject(said('0 and 0'))
})

test.for([
  ['another person', { person: 'bob' }, 'ask', 'same'],
  ['another tool', {}, 'echo', 'same'],
  ['a state that was never given', {}, 'ask', 'made up'],
] as const)('%s cannot go on with a round', async ([, who, tool, which]) => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('ask'))
  const requestState = which === 'same' ? value['requestState'] : 'AAAA'
  const stolen = server.upstream.request(aCall(tool, {}, who, { requestState, inputResponses: {} }))
  await expect(stolen).rejects.toMatchObject({ code: -32602 })
})

test('a round is gone on with once', async () => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('ask'))
  const retry = aCall('ask', {}, {}, { requestState: value['requestState'], inputResponses: { 'elicitation-1': { action: 'decline' } } })
  await server.upstream.request(retry)
  await expect(server.upstream.request(retry)).rejects.toMatchObject({ code: -32602 })
})

test('a client that declared nothing is never asked', async () => {
  await using server = await sdkServer(things)
  const client = aClient({ capabilities: {} })
  const { value } = await server.upstream.request(aCall('ask', {}, { client }))
  expect(value).toMatchObject({ isError: true })
})

test('a request that fails because its client cannot be asked says what is lacking', async () => {
  await using server = await sdkServer(things)
  const read = server.upstream.request(aRequest('resources/read', { uri: 'things://asks' }, { client: aClient({ capabilities: {} }) }))
  await expect(read).rejects.toMatchObject({ code: -32021, data: { requiredCapabilities: { roots: {} } } })
})

test('a server left waiting is told that nobody will answer', async () => {
  await using server = await sdkServer(things, { limits: { parkMs: 50 } })
  const { value } = await server.upstream.request(aCall('ask'))
  await vi.waitFor(() => expect(server.sent('notifications/cancelled')).toHaveLength(1))
  expect(server.seen.some(({ body }) => body.error !== undefined && body.method === undefined)).toBe(true)
  const late = server.upstream.request(aCall('ask', {}, {}, { requestState: value['requestState'], inputResponses: {} }))
  await expect(late).rejects.toMatchObject({ code: -32602 })
})

test('a client that cancels while it is asked has cancelled', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  await server.upstream.request(aCall('ask', {}, { cancel }))
  cancel.abort(new Error('enough'))
  await vi.waitFor(() => expect(server.sent('notifications/cancelled')).toHaveLength(1))
})

test('a person who leaves too many rounds behind loses the oldest', async () => {
  await using server = await sdkServer(things, { limits: { mostParkedPerPerson: 1 } })
  const first = await server.upstream.request(aCall('ask'))
  await server.upstream.request(aCall('ask'))
  const lost = server.upstream.request(aCall('ask', {}, {}, { requestState: first.value['requestState'], inputResponses: {} }))
  await expect(lost).rejects.toMatchObject({ code: -32602 })
})

test('a cancelled request is cancelled at the server', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  const hanging = server.upstream.request(aCall('hang', {}, { cancel }))
  await vi.waitFor(() => expect(server.sent('tools/call')).toHaveLength(1))
  const before = state.aborted
  cancel.abort(new Error('enough'))
  await expect(hanging).rejects.toThrow('enough')
  await vi.waitFor(() => expect(state.aborted).toBe(before + 1))
  expect(server.sent('notifications/cancelled')[0]?.body.params).toMatchObject({ requestId: server.sent('tools/call')[0]?.body.id })
})

test('a request cancelled before it was made never reaches the server', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  cancel.abort(new Error('never mind'))
  await expect(server.upstream.request(aCall('echo', { text: 'x' }, { cancel }))).rejects.toThrow('never mind')
  expect(server.sent('tools/call')).toEqual([])
  expect(server.sent('notifications/cancelled')).toEqual([])
})

test('a session the server forgot is opened anew, once, for all who were in it', async () => {
  await using server = await sdkServer(things)
  await server.upstream.request(aCall('echo', { text: 'x' }))
  server.forget()
  const answers = await Promise.all(['a', 'b', 'c'].map((text) => server.upstream.request(aCall('echo', { text }))))
  expect(answers.map(({ value }) => value)).toMatchObject(['a', 'b', 'c'].map(said))
  expect(server.sent('initialize')).toHaveLength(2)
})

test('a session nobody uses is ended', async () => {
  await using server = await sdkServer(things, { limits: { idleMs: 50 } })
  await server.upstream.request(aCall('echo', { text: 'x' }))
  await vi.waitFor(() => expect(server.sessions.size).toBe(0))
})

test('closing ends the sessions at the server', async () => {
  await using server = await sdkServer(things)
  await server.upstream.request(aCall('echo', { text: 'x' }))
  await server.upstream.close()
  expect(server.sessions.size).toBe(0)
})

test('calls under way may end by themselves when the way to the server is closed', async () => {
  await using server = await sdkServer(things, { limits: { closeWithinMs: 5000 } })
  const call = server.upstream.request(aCall('steps'))
  await vi.waitFor(() => expect(server.sent('tools/call')).toHaveLength(1))
  await server.upstream.close()
  await expect(call).resolves.toMatchObject({ value: said('done') })
  expect(server.sessions.size).toBe(0)
})

test('a resource that is not there is a wrong parameter, as modern clients know it', async () => {
  await using server = await sdkServer(things)
  const read = server.upstream.request(aRequest('resources/read', { uri: 'things://one' }))
  await expect(read).rejects.toMatchObject({ name: 'UpstreamRpcError', code: -32602, data: { uri: 'things://one' } })
})

test('a page to be visited first becomes a round, and the retry calls again', async () => {
  await using server = await sdkServer(things)
  const { value } = await server.upstream.request(aCall('visit'))
  expect(value).toEqual({
    resultType: 'input_required',
    inputRequests: {
      'visit-1': {
        method: 'elicitation/create',
        params: { mode: 'url', elicitationId: 'e1', url: 'https://example.com/connect', message: 'Connect first.' },
      },
    },
  })
  const again = await server.upstream.request(aCall('visit', {}, {}, { inputResponses: { 'visit-1': { action: 'accept' } } }))
  expect(again.value).toEqual(value)
  expect(server.sent('tools/call')[1]?.body.params).toEqual({ name: 'visit', arguments: {} })
  const declined = server.upstream.request(aCall('visit', {}, {}, { inputResponses: { 'visit-1': { action: 'decline' } } }))
  await expect(declined).rejects.toMatchObject({ code: -32602 })
  const stray = await server.upstream.request(aCall('echo', { text: 'x' }, {}, { inputResponses: { other: { action: 'decline' } } }))
  expect(stray.value).toMatchObject(said('x'))
  const blind = server.upstream.request(aCall('visit', {}, { client: aClient({ capabilities: { elicitation: {} } }) }))
  await expect(blind).rejects.toMatchObject({ code: -32042 })
})

test('changed roots are told to the session that asked for them', async () => {
  await using server = await sdkServer(things)
  const asker = aCall('echo', { text: 'x' })
  await server.upstream.notify(asker, { method: 'notifications/roots/list_changed' })
  expect(server.seen).toEqual([])
  await server.upstream.request(asker)
  await server.upstream.notify(asker, { method: 'notifications/roots/list_changed' })
  expect(server.sent('notifications/roots/list_changed')).toHaveLength(1)
})

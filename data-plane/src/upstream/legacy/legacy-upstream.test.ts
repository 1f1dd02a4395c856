import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aCall, aClient, aRequest, legacyServer, sdkServer } from './testing.ts'
import { said, state, things } from './testing-things.ts'
import { jsonOf } from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

test('a result is complete, and keeps the content of the server', async () => {
  await using server = await sdkServer(things)
  const answer = await server.upstream.request(aCall('echo', { text: 'hi' }))
  expect(answer.value).toMatchObject({ resultType: 'complete', ...said('hi') })
  expect(JSON.parse(jsonOf(answer))).toMatchObject(answer.value)
})

test('calls one after the other share connections', async () => {
  await using server = await sdkServer(things)
  for (const text of ['a', 'b', 'c', 'd']) await server.upstream.request(aCall('echo', { text }, { client: aClient({ capabilities: {} }) }))
  expect(new Set(server.seen.map(({ port }) => port)).size).toBeLessThanOrEqual(2)
})

test('the server is told what the client declared, and no more', async () => {
  await using server = await sdkServer(things)
  const client = aClient({ capabilities: { roots: {}, tasks: { list: {} } }, info: { name: 'claude', version: '3', title: 'C' } })
  await server.upstream.request(aCall('echo', { text: 'hi' }, { client }))
  expect(server.sent('initialize')[0]?.body.params).toMatchObject({
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

test('a description holds what the server declares', async () => {
  await using server = await sdkServer(things)
  await expect(server.upstream.describe(aCall('echo'))).resolves.toMatchObject({
    era: 'legacy',
    version: '2025-11-25',
    capabilities: { logging: {}, tools: { listChanged: true }, resources: { listChanged: true } },
    serverInfo: { name: 'things', version: '1' },
    instructions: 'Be kind.',
  })
})

test('two people never share a session, and each client session has its own', async () => {
  await using server = await sdkServer(things)
  const ask = (person: string, session?: string) => server.upstream.request(aCall('echo', { text: 'x' }, { person, session }))
  await Promise.all([ask('alice'), ask('alice'), ask('bob'), ask('alice', 's1'), ask('alice', 's2'), ask('bob', 's1')])
  expect(server.sent('initialize')).toHaveLength(5)
  const ids = server.sent('tools/call').map(({ headers, body }) => `${String(headers['mcp-session-id'])} ${String(body.id)}`)
  expect(new Set(ids).size).toBe(6)
})

test('progress has the token of the client, and logs the level it asked for, in order, before the result', async () => {
  await using server = await sdkServer(things)
  const heard: Notification[] = []
  const client = aClient({ logLevel: 'error' })
  await server.upstream.request(aCall('steps', {}, { client, heard }, { _meta: { progressToken: 'mine', other: 1 } }))
  expect(heard).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1 } },
    { method: 'notifications/progress', params: { progressToken: 'mine', progress: 2 } },
    { method: 'notifications/message', params: { level: 'error', data: 'step 2' } },
  ])
  const [call] = server.sent('tools/call')
  expect(call?.body.params?.['_meta']).toMatchObject({ progressToken: call?.body.id, other: 1 })
  expect(server.sent('logging/setLevel')[0]?.body.params).toMatchObject({ level: 'error' })
})

test('a client that set no log level gets no log messages', async () => {
  await using server = await sdkServer(things)
  const heard: Notification[] = []
  await server.upstream.request(aCall('steps', {}, { heard }))
  expect(heard).toMatchObject([])
  expect(server.sent('logging/setLevel')).toMatchObject([])
})

test('a cancelled request is cancelled at the server', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  const hanging = server.upstream.request(aCall('hang', {}, { cancel }))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(1)
  const before = state.aborted
  cancel.abort(new Error('enough'))
  await expect(hanging).rejects.toThrow('enough')
  await expect.poll(() => state.aborted).toBe(before + 1)
  expect(server.sent('notifications/cancelled')[0]?.body.params).toMatchObject({ requestId: server.sent('tools/call')[0]?.body.id })
})

test('a request cancelled before it was made never reaches the server', async () => {
  await using server = await sdkServer(things)
  const cancel = new Cancel()
  cancel.abort(new Error('never mind'))
  await expect(server.upstream.request(aCall('echo', { text: 'x' }, { cancel }))).rejects.toThrow('never mind')
  expect(server.sent('tools/call')).toMatchObject([])
  expect(server.sent('notifications/cancelled')).toMatchObject([])
})

test('a session the server forgot is opened again once for all its requests', async () => {
  await using server = await sdkServer(things)
  await server.upstream.request(aCall('echo', { text: 'x' }))
  server.forget()
  const answers = await Promise.all(['a', 'b', 'c'].map((text) => server.upstream.request(aCall('echo', { text }))))
  expect(answers.map(({ value }) => value)).toMatchObject(['a', 'b', 'c'].map(said))
  expect(server.sent('initialize')).toHaveLength(2)
})

test('an unused session is ended', async () => {
  await using server = await sdkServer(things, { limits: { idleMs: 50 } })
  await server.upstream.request(aCall('echo', { text: 'x' }))
  await expect.poll(() => server.sessions.size).toBe(0)
})

test('a session is not idle while it opens or sends a notification, however long that takes', async () => {
  const [opening, opened, telling, told] = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const idleMs = 50
  await using server = await legacyServer(
    async (_, response, { id, method, params }) => {
      const { name } = (params?.['clientInfo'] ?? {}) as { name?: string }
      if (name === 'slow') await (opening?.resolve(), opened?.promise)
      if (method === 'vendor/thing') await (telling?.resolve(), told?.promise)
      if (name === undefined) return void response.writeHead(202).end()
      response.setHeader('mcp-session-id', name).setHeader('content-type', 'application/json')
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } }
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    },
    { idleMs },
  )
  const asker = (name: string) => aCall('x', {}, { client: aClient({ capabilities: {}, info: { name, version: '1' } }) })
  const ended = () => server.seen.filter(({ http }) => http === 'DELETE').map(({ headers }) => headers['mcp-session-id'])

  const described = server.upstream.describe(asker('slow'))
  await opening?.promise
  // Sessions that were opened later have been idle for so long: the slow one would have been too.
  await server.upstream.describe(asker('second'))
  await expect.poll(ended).toEqual(['second'])
  opened?.resolve()
  await described
  const said = server.upstream.notify(asker('slow'), { method: 'vendor/thing' })
  await telling?.promise
  await server.upstream.describe(asker('third'))
  await expect.poll(ended).toEqual(['second', 'third'])
  told?.resolve()
  await said
  await expect.poll(ended).toEqual(['second', 'third', 'slow'])
})

test('closing ends the sessions at the server', async () => {
  await using server = await sdkServer(things)
  await server.upstream.request(aCall('echo', { text: 'x' }))
  await server.upstream.close()
  expect(server.sessions.size).toBe(0)
})

test('closing waits for calls under way', async () => {
  await using server = await sdkServer(things, { limits: { closeWithinMs: 60_000 } })
  const call = server.upstream.request(aCall('steps'))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(1)
  await server.upstream.close()
  await expect(call).resolves.toMatchObject({ value: said('done') })
  expect(server.sessions.size).toBe(0)
})

test('the error for a missing resource has the code that modern clients know', async () => {
  await using server = await sdkServer(things)
  const read = server.upstream.request(aRequest('resources/read', { uri: 'things://one' }))
  await expect(read).rejects.toMatchObject({ name: 'UpstreamRpcError', code: -32602, data: { uri: 'things://one' } })
})

test('changed roots are announced only to a session that is open', async () => {
  await using server = await sdkServer(things)
  const asker = aCall('echo', { text: 'x' })
  await server.upstream.notify(asker, { method: 'notifications/roots/list_changed' })
  expect(server.seen).toMatchObject([])
  await server.upstream.request(asker)
  await server.upstream.notify(asker, { method: 'notifications/roots/list_changed' })
  expect(server.sent('notifications/roots/list_changed')).toHaveLength(1)
})

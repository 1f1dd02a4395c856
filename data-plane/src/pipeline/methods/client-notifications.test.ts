import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { modernRequest } from '../../testing/plane.ts'
import type { TestPlane } from '../../testing/plane.ts'
import { sdkServer } from '../../upstream/legacy/testing.ts'
import { said, things } from '../../upstream/legacy/testing-things.ts'
import { modernServer } from '../../upstream/modern/testing.ts'
import type { ModernServer } from '../../upstream/modern/testing.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../../testing/two-sides.ts'
import { within } from '../../testing/waiting.ts'

const vendor = { method: 'notifications/vendor/thing', params: { a: 1, _meta: { 'vendor/b': 2 } } }

/** Takes notifications, as a server of 2026-07-28 does. */
const accepting = () => modernServer(({ id }, { response }) => (id === undefined ? void response.writeHead(202).end() : 'as usual'))

/** What a modern client posts that expects no answer. */
async function tell(plane: TestPlane, path: string, { method, params }: typeof vendor): Promise<number> {
  const envelope = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
  const body = JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: { ...params._meta, ...envelope } } })
  return (await fetch(plane.url + path, { ...modernRequest(await plane.token(), method), body })).status
}

const heardBy = (server: ModernServer, method: string) => server.asked.filter((asked) => asked.method === method)

test('a notification nobody knows goes from a legacy client to its legacy server, in its own session', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  await using one = await legacyClient(plane, '/mcp/old')
  await using two = await legacyClient(plane, '/mcp/old')
  await one.client.notification(vendor)
  await two.client.notification({ ...vendor, params: { a: 2 } })
  const sent = server.sent(vendor.method)
  expect(sent.map(({ body }) => body.params)).toEqual([vendor.params, { a: 2 }])
  const sessions = sent.map(({ headers }) => headers['mcp-session-id'])
  expect(sessions[0]).toBeDefined()
  expect(sessions[0]).not.toBe(sessions[1])
})

test('a notification nobody knows is said to a server of 2026-07-28 as that revision has it', async () => {
  await using server = await accepting()
  await using plane = await planeBefore({ new: aRemoteEntry(`${server.url}/mcp`, '2026-07-28', []) })
  await using old = await legacyClient(plane, '/mcp/new')
  await old.client.notification(vendor)
  expect(await tell(plane, '/mcp/new', vendor)).toBe(202)
  for (const { params, headers } of heardBy(server, vendor.method)) {
    expect(params).toMatchObject(vendor.params)
    expect(params._meta['io.modelcontextprotocol/protocolVersion']).toBe('2026-07-28')
    expect(headers['mcp-method']).toBe(vendor.method)
  }
  expect(heardBy(server, vendor.method)).toHaveLength(2)
})

test('a notification of a modern client reaches a legacy server', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  expect(await tell(plane, '/mcp/old', vendor)).toBe(202)
  expect(server.sent(vendor.method).map(({ body }) => body.params)).toEqual([vendor.params])
})

test('a server that will not take a notification is not thought to be down', async () => {
  await using server = await modernServer(() => 'as usual')
  await using plane = await planeBefore({ new: aRemoteEntry(`${server.url}/mcp`, '2026-07-28', []) })
  for (let again = 0; again < 6; again++) expect(await tell(plane, '/mcp/new', vendor)).toBe(202)
  expect(plane.dropped.counts).toEqual({ 'not-accepted': 6 })
  const list = await fetch(`${plane.url}/mcp/new`, modernRequest(await plane.token(), 'tools/list'))
  expect(await list.json()).toMatchObject({ result: { tools: [] } })
})

test('a server that this person may not hear is told nothing, and the refusal is recorded', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  await using one = await legacyClient(plane, '/mcp/old')
  plane.use({ grants: {} })
  for (const method of [vendor.method, 'notifications/roots/list_changed'])
    await expect(one.client.transport?.send({ jsonrpc: '2.0', method })).rejects.toMatchObject({ code: 400 })
  expect(server.sent(vendor.method)).toEqual([])
  const refused = plane.records().filter(({ header }) => header.outcome === 'refused')
  expect(refused.map(({ header }) => [header.method, header.server, header.reason])).toEqual([
    [vendor.method, 'old', 'no-grant'],
    ['notifications/roots/list_changed', 'old', 'no-grant'],
  ])
})

test('on /mcp new roots are told to every legacy server with a session for this client; what names no server is refused', async () => {
  await using first = await sdkServer(things)
  await using second = await sdkServer(things)
  await using third = await accepting()
  await using plane = await planeBefore({
    one: aRemoteEntry(`${first.url}/mcp`, 'legacy', ['echo']),
    two: aRemoteEntry(`${second.url}/mcp`, 'legacy', ['echo']),
    new: aRemoteEntry(`${third.url}/mcp`, '2026-07-28', []),
  })
  await using side = await legacyClient(plane, '/mcp', { roots: { listChanged: true } })
  await side.client.sendRootsListChanged()
  for (const server of [first, second]) expect(server.sent('notifications/roots/list_changed')).toHaveLength(1)
  expect(heardBy(third, 'notifications/roots/list_changed')).toEqual([])
  await expect(side.client.notification(vendor)).rejects.toMatchObject({ code: 400 })
  for (const server of [first, second]) expect(server.sent(vendor.method)).toEqual([])
})

test.for(['/mcp/old', '/mcp'])('on %s a server that asked hears how far its client is, by its own token', async (path) => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['sample']) })
  const tokens: unknown[] = []
  await using side = await legacyClient(plane, path, { sampling: {} }, (client) =>
    client.setRequestHandler(CreateMessageRequestSchema, async (_, { _meta, sendNotification }) => {
      const progressToken = _meta?.progressToken ?? ''
      tokens.push(progressToken)
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 3 } })
      return { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } }
    }),
  )
  const answer = await side.client.callTool({ name: path === '/mcp' ? 'old_sample' : 'sample' })
  expect(answer).toMatchObject(said(JSON.stringify({ model: 'm', seen: [3] })))
  const own = server.sent('notifications/progress')[0]?.body.params?.['progressToken']
  expect(own).toBeDefined()
  expect(own).not.toBe(tokens[0])
})

test('progress of what nobody asked, or of another client, is dropped and counted', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['sample']) })
  const asked = Promise.withResolvers<string>()
  const answered = Promise.withResolvers<void>()
  await using side = await legacyClient(plane, '/mcp/old', { sampling: {} }, (client) =>
    client.setRequestHandler(CreateMessageRequestSchema, async (_, { _meta }) => {
      asked.resolve(String(_meta?.progressToken))
      await answered.promise
      return { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } }
    }),
  )
  const call = side.client.callTool({ name: 'sample' })
  const progressToken = await within(asked.promise, 'the client to be asked')
  await using other = await legacyClient(plane, '/mcp/old')
  await other.client.notification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
  await side.client.notification({ method: 'notifications/progress', params: { progressToken: 'made up', progress: 1 } })
  expect(await tell(plane, '/mcp/old', { method: 'notifications/progress', params: { progressToken } as never })).toBe(202)
  answered.resolve()
  await within(call, 'the call to end')
  expect(server.sent('notifications/progress')).toEqual([])
  expect(plane.dropped.counts).toEqual({ 'unknown-token': 2, 'era-has-none': 1 })
})

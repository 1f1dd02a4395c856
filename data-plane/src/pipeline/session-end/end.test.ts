import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { legacyRequest, testPlane } from '../../testing/plane.ts'
import type { TestPlane } from '../../testing/plane.ts'
import { sdkServer } from '../../upstream/legacy/testing.ts'
import { things } from '../../upstream/legacy/testing-things.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../../testing/two-sides.ts'
import { within } from '../../testing/waiting.ts'

const tools = ['ask', 'echo', 'hang']

/** The status of a ping in a session. */
async function ping(plane: TestPlane, path: string, session: string | undefined): Promise<number> {
  const response = await fetch(plane.url + path, legacyRequest(await plane.token(), 'ping', {}, { 'mcp-session-id': session ?? '' }))
  await response.text()
  return response.status
}

test.for(['/mcp/old', '/mcp'])('a client that ends its session at %s ends those that servers held for it, and no other', async (path) => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', tools) })
  // The gateway's session to learn what others are offered is over; its own stays, by which it knows what there is.
  await expect.poll(() => server.seen.filter(({ http }) => http === 'DELETE')).toHaveLength(1)
  await expect.poll(() => server.sessions.size).toBe(1)
  await using other = await legacyClient(plane, path)
  await using side = await legacyClient(plane, path)
  const streams = () => new Set(server.seen.filter(({ http }) => http === 'GET').map(({ headers }) => headers['mcp-session-id']))
  await expect.poll(() => streams().size).toBe(3)
  expect(server.sessions.size).toBe(3)
  const id = side.transport.sessionId
  await side.transport.terminateSession()
  await expect.poll(() => server.sessions.size).toBe(2)
  expect(await ping(plane, path, id)).toBe(404)
  expect(await ping(plane, path, other.transport.sessionId)).toBe(200)
})

test('what waits in a session that ends is let go: the call, the question, the stream of the server', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', tools) })
  await expect.poll(() => server.seen.some(({ http }) => http === 'DELETE')).toBe(true) // what others are offered is known
  const before = server.seen.length
  const asked = Promise.withResolvers<void>()
  await using side = await legacyClient(plane, '/mcp/old', { elicitation: {} }, (client) =>
    client.setRequestHandler(ElicitRequestSchema, () => {
      asked.resolve()
      return new Promise<never>(() => undefined)
    }),
  )
  const waiting = side.client.callTool({ name: 'ask' }).catch((error: unknown) => error)
  await within(asked.promise, 'the client to be asked')
  await side.transport.terminateSession()
  expect(await within(waiting, 'the call to be let go')).toBeInstanceOf(Error)
  const seen = () => server.seen.slice(before)
  await expect.poll(() => seen().some(({ http }) => http === 'DELETE')).toBe(true)
  // In this order: a server is told that nobody will answer while it still knows the session.
  const order = seen()
    .map(({ http, body }) => body.method ?? http)
    .filter((what) => /cancelled|DELETE/.test(what))
  expect(order).toEqual(['notifications/cancelled', 'DELETE'])
  expect(plane.records().at(-1)?.header).toMatchObject({ method: 'tools/call', reason: 'cancelled' })
})

test('the stream of a session ends with it, and another opened takes its place', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', tools) })
  const token = await plane.token()
  const url = `${plane.url}/mcp/old`
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const first = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } })
  const second = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } })
  expect(await within(first.text(), 'the first stream to end')).toBe('retry: 10000\n\n')
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204)
  expect(await within(second.text(), 'the second stream to end')).toBe('retry: 10000\n\n')
  expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(404)
})

test('who calls too often may end the session all the same', async () => {
  await using plane = await testPlane({
    grants: { debug: { user: [{ level: 'read' }] } },
    settings: { ratePerSecond: 0.001, rateBurst: 1 },
  })
  const headers = { authorization: `Bearer ${await plane.token()}` }
  const begin = legacyRequest(await plane.token(), 'initialize', { protocolVersion: '2025-11-25' })
  const opened = await fetch(`${plane.url}/mcp/debug`, begin)
  const session = opened.headers.get('mcp-session-id') ?? ''
  expect(await ping(plane, '/mcp/debug', session)).toBe(429)
  const ended = await fetch(`${plane.url}/mcp/debug`, { method: 'DELETE', headers: { ...headers, 'mcp-session-id': session } })
  expect(ended.status).toBe(204)
  expect(await ping(plane, '/mcp/debug', session)).toBe(404)
})

test('a session the server has not heard of for long is ended there, and opened anew when it is needed', async () => {
  await using server = await sdkServer(things, { limits: { idleMs: 50 } })
  const asker = { person: 'alice', session: 's1', client: { capabilities: {}, info: undefined, logLevel: undefined } }
  await server.upstream.describe(asker)
  await expect.poll(() => server.sessions.size).toBe(0)
  await server.upstream.notify(asker, { method: 'notifications/roots/list_changed' })
  expect(server.sessions.size).toBe(0)
  await server.upstream.notify(asker, { method: 'notifications/vendor/thing' })
  expect(server.sent('notifications/vendor/thing')).toHaveLength(1)
})

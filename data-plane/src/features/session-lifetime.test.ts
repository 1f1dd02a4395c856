import { afterEach, expect, test, vi } from 'vitest'
import { aServer, aWaitingServer, legacyRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'

const minuteMs = 60_000

afterEach(() => {
  vi.useRealTimers()
})

/** The clock on the wall, later. */
const later = (byMs: number) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs })

async function begin(plane: TestPlane, path: string): Promise<string> {
  const opened = await fetch(plane.url + path, legacyRequest(await plane.token(), 'initialize', { protocolVersion: '2025-11-25' }))
  await opened.text()
  return opened.headers.get('mcp-session-id') ?? ''
}

async function send(plane: TestPlane, path: string, session: string, method = 'ping', params: object = {}): Promise<Response> {
  plane.fresh.atMs = Date.now()
  return fetch(plane.url + path, legacyRequest(await plane.token(), method, { ...params }, { 'mcp-session-id': session }))
}

const status = async (...sent: Parameters<typeof send>) => (await send(...sent)).status

const readers = { grants: { things: { user: [{ level: 'read' as const }] } } }

test.for(['/mcp/old', '/mcp'])(
  'a session at %s that is not used for an hour is over, and so are those that servers held for it',
  async (path) => {
    await using server = await sdkServer(things)
    await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['echo']) })
    // The gateway's session to learn what others are offered is over; its own stays, by which it knows what there is.
    await expect.poll(() => server.seen.filter(({ http }) => http === 'DELETE')).toHaveLength(1)
    await expect.poll(() => server.sessions.size).toBe(1)
    const idle = await begin(plane, path)
    const used = await begin(plane, path)
    await expect.poll(() => server.sessions.size).toBe(3)
    later(50 * minuteMs)
    expect(await status(plane, path, used)).toBe(200)
    later(11 * minuteMs)
    await expect.poll(() => server.sessions.size).toBe(2)
    expect(server.seen.filter(({ http }) => http === 'DELETE')).toHaveLength(2)
    expect([await status(plane, path, idle), await status(plane, path, used)]).toEqual([404, 200])
    expect(await status(plane, path, await begin(plane, path))).toBe(200)
  },
)

test('how long a session may be idle is the policy’s to say', async () => {
  await using plane = await testPlane({ ...readers, settings: { sessionIdleMs: 5 * minuteMs } }, [aServer()])
  const session = await begin(plane, '/mcp/things')
  later(5 * minuteMs)
  expect(await status(plane, '/mcp/things', session)).toBe(200)
  later(5 * minuteMs + 16_000)
  expect(await status(plane, '/mcp/things', session)).toBe(404)
})

test('a session with an open stream is not idle; once the client has left, it is', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['echo']) })
  const side = await legacyClient(plane, '/mcp/old')
  const session = side.transport.sessionId ?? ''
  const known = server.sessions.size
  await expect.poll(() => server.seen.filter(({ http }) => http === 'GET').length).toBeGreaterThan(1)
  later(3 * 60 * minuteMs)
  expect(await status(plane, '/mcp/old', session)).toBe(200)
  later(3 * 60 * minuteMs)
  expect(plane.sessions.idle(1, Date.now())).toEqual([])
  await side.client.close()
  await expect.poll(() => plane.sessions.idle(1, Date.now() + minuteMs)).toHaveLength(1)
  later(62 * minuteMs)
  await expect.poll(() => server.sessions.size).toBe(known - 1)
  expect(await status(plane, '/mcp/old', session)).toBe(404)
  await using again = await legacyClient(plane, '/mcp/old')
  expect((await again.client.listTools()).tools.map(({ name }) => name)).toEqual(['echo'])
})

test('a session with a call under way is not idle, nor is it as soon as that is answered', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane(readers, [server])
  const session = await begin(plane, '/mcp/things')
  const call = send(plane, '/mcp/things', session, 'tools/call', { name: 'get_thing', arguments: {} })
  await within(begun, 'the call to reach the server')
  later(3 * 60 * minuteMs)
  expect(plane.sessions.idle(60 * minuteMs, Date.now())).toEqual([])
  answer('late')
  expect(await (await call).text()).toContain('late')
  later(30 * minuteMs)
  expect(await status(plane, '/mcp/things', session)).toBe(200)
})

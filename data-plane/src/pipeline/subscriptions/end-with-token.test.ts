import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { SubscribeRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, expect, test, vi } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { Timers } from '../../runtime/timers.ts'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../../testing/plane.ts'
import type { TestPlane } from '../../testing/plane.ts'
import { sdkServer } from '../../upstream/legacy/testing.ts'
import { things } from '../../upstream/legacy/testing-things.ts'
import { NEARLY_OVER_S, stopClock } from '../../testing/stopped-clock.ts'
import { within } from '../../testing/waiting.ts'
import { endWithToken } from './end-with-token.ts'
import { aRemoteEntry, planeBefore } from '../../testing/two-sides.ts'
import type { PolicySource } from '../../policy/source.ts'
import type { Token } from '../../policy/tokens/token.ts'

const dayMs = 24 * 60 * 60 * 1000

afterEach(() => {
  vi.useRealTimers()
})

const readers = { things: { user: [{ level: 'read' as const }] } }
const writers = { things: { user: [{ level: 'write' as const }] } }

/** Opens a legacy session and its stream, with one token. */
async function sessionStream({ url }: TestPlane, token: string): Promise<Response> {
  const opened = await fetch(`${url}/mcp/things`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const session = opened.headers.get('mcp-session-id') ?? ''
  return fetch(`${url}/mcp/things`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'mcp-session-id': session },
  })
}

const listening = ({ url }: TestPlane, token: string) =>
  fetch(`${url}/mcp/things`, modernRequest(token, 'subscriptions/listen', { notifications: { toolsListChanged: true } }))

test('a stream ends with the token it was opened with; a call that was let in ends by itself', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane({ grants: readers }, [server])
  const stays = await sessionStream(plane, await plane.token())
  stopClock()
  const token = await plane.token({ lateS: NEARLY_OVER_S })
  const call = fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }))
  await within(begun, 'the call to reach the server')
  const [stream, heard] = await Promise.all([sessionStream(plane, token), listening(plane, token)])
  vi.useRealTimers()

  expect(await within(stream.text(), 'the stream of the session to end')).toBe('retry: 10000\n\n')
  // In the words of the protocol: acknowledged, and in the end the result of having listened.
  const messages = (await within(heard.text(), 'the listening stream to end')).split('\n').filter((line) => line.startsWith('data: '))
  expect(messages.map((line) => JSON.parse(line.slice(6)))).toMatchObject([
    { method: 'notifications/subscriptions/acknowledged' },
    { id: 1, result: { resultType: 'complete' } },
  ])
  expect((await listening(plane, token)).status).toBe(401)
  answer('late')
  expect(await (await call).text()).toContain('late')

  const reader = stays.body!.getReader()
  plane.use({ grants: writers })
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toContain('tools/list_changed')
  await reader.cancel()
})

test('the official client of the legacy eras opens its stream anew, with the token it has by then', async () => {
  await using plane = await testPlane({ grants: readers }, [aServer()])
  stopClock()
  let token = await plane.token({ lateS: NEARLY_OVER_S })
  const gets: number[] = []
  const transport = new LegacyTransport(new URL(`${plane.url}/mcp/things`), {
    // As an application does that has its tokens renewed.
    fetch: async (url, init) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${token}`)
      const response = await fetch(url, { ...init, headers })
      if (init?.method === 'GET') gets.push(response.status)
      return response
    },
    reconnectionOptions: {
      initialReconnectionDelay: 10,
      maxReconnectionDelay: 10,
      reconnectionDelayGrowFactor: 1,
      maxRetries: 2,
    },
  })
  const client = new LegacyClient({ name: 'old', version: '1' })
  const changed = Promise.withResolvers<void>()
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve())
  await client.connect(transport)
  await expect.poll(() => gets).toEqual([200])
  token = await plane.token()
  vi.useRealTimers()
  await expect.poll(() => gets).toEqual([200, 200])
  plane.use({ grants: writers })
  await within(changed.promise, 'the client to be told that its tools changed')
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('update_thing')
  await client.close()
})

test('the official client of 2026-07-28 is told that the stream is over, and listens again', async () => {
  await using plane = await testPlane({ grants: readers }, [aServer()])
  stopClock()
  let token = await plane.token({ lateS: NEARLY_OVER_S })
  const client = new Client({ name: 'new', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  const changed = Promise.withResolvers<void>()
  client.setNotificationHandler('notifications/tools/list_changed', () => changed.resolve())
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${plane.url}/mcp/things`), { authProvider: { token: () => Promise.resolve(token) } }),
  )
  const first = await client.listen({ toolsListChanged: true })
  vi.useRealTimers()
  expect(await within(first.closed, 'the stream to end with its token')).toBe('graceful')
  token = await plane.token()
  const second = await client.listen({ toolsListChanged: true })
  expect(second.honoredFilter).toEqual({ toolsListChanged: true })
  plane.use({ grants: writers })
  await within(changed.promise, 'the client to be told that its tools changed')
  await client.close()
})

test('what changed while a session had no stream is told on the next, and nothing else', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.server.registerCapabilities({ resources: { subscribe: true } })
    made.server.setRequestHandler(SubscribeRequestSchema, () => ({}))
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['echo']) })
  const url = `${plane.url}/mcp/old`
  const token = await plane.token()
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const post = (method: string, params: Record<string, unknown>) => fetch(url, legacyRequest(token, method, params, headers))
  const listed = async (lists: string) => (await post(`${lists}/list`, {})).text()
  // A list that the plane reads only after the first stream began has changed since.
  await expect.poll(() => listed('tools')).toContain('echo')
  await expect.poll(() => listed('resources')).toContain('things://')
  await expect.poll(() => listed('resources/templates')).toContain('resourceTemplates')
  stopClock()
  const lastToken = await plane.token({ lateS: NEARLY_OVER_S })
  const last = { ...headers, authorization: `Bearer ${lastToken}`, accept: 'text/event-stream' }
  const first = await fetch(url, { headers: last })
  await expect.poll(async () => (await post('resources/subscribe', { uri: 'things://one' })).json()).toMatchObject({ result: {} })
  vi.useRealTimers()
  await within(first.text(), 'the first stream to end with its token')

  plane.use({ grants: { old: { user: [{ level: 'destroy', deny: ['echo'] }] } } })
  const second = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } })
  let heard = ''
  const reading = (async () => {
    for await (const piece of second.body!) heard += Buffer.from(piece).toString()
  })()
  const methods = () => [...heard.matchAll(/"method":"([^"]+)"/g)].map(([, method]) => method)
  await expect.poll(methods).toEqual(['notifications/tools/list_changed', 'notifications/resources/updated'])
  await fetch(url, { method: 'DELETE', headers })
  await within(reading, 'the second stream to end with its session')
  expect(methods()).toHaveLength(2)
})

const policy = { isAway: () => false } as PolicySource

/** A stream whose token is good for so long. */
function aStream(goodForMs: number) {
  const cancel = new Cancel()
  const token = { expiresAtS: (Date.now() + goodForMs) / 1000 } as Token
  const takeBack = endWithToken({ timers: new Timers(), policy }, { token, cancel })
  return { cancel, takeBack }
}

test('a token for longer than a timer can wait ends nothing early, and what it opened late', () => {
  vi.useFakeTimers()
  const { cancel } = aStream(60 * dayMs)
  vi.advanceTimersByTime(600_000)
  expect(cancel.cancelled).toBe(false)
  // A machine that slept meanwhile: its timers did not run, the clock on the wall did.
  vi.setSystemTime(Date.now() + 59 * dayMs)
  vi.advanceTimersByTime(60_100)
  expect(cancel.cancelled).toBe(false)
  vi.setSystemTime(Date.now() + dayMs)
  vi.advanceTimersByTime(60_100)
  expect(cancel.cancelled).toBe(true)
})

test('a stream has the thirty seconds that any request has, and one that ended before waits for nothing', () => {
  vi.useFakeTimers()
  const { cancel } = aStream(10_000)
  const left = aStream(10_000)
  left.takeBack()
  vi.advanceTimersByTime(39_900)
  expect(cancel.cancelled).toBe(false)
  vi.advanceTimersByTime(200)
  expect([cancel.cancelled, left.cancel.cancelled]).toEqual([true, false])
  vi.advanceTimersByTime(1_000)
  expect(vi.getTimerCount()).toBe(0)
})

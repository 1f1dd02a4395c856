import { expect, onTestFinished, test, vi } from 'vitest'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'
import { serverOf } from '../upstream/testing.ts'
import { unawaited } from '../runtime/awaitable.ts'
import type { TestPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const grants = { things: { user: [{ level: 'destroy' as const }] } }
const limits = { stopDelayMs: 5_000, drainMs: 60_000 }

/** Until the test sets the clock on, a plane that stops still serves. */
function holdClock(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

async function sessionOf(plane: TestPlane, token: string) {
  const opened = await fetch(`${plane.url}/mcp`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  await opened.text()
  return { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
}

const listening = (token: string) => modernRequest(token, 'subscriptions/listen', { notifications: { toolsListChanged: true } })

test('a plane that stops ends its streams at once, each in the way of its era, and those that are opened then', async () => {
  holdClock()
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token()
  const session = await sessionOf(plane, token)
  const open = async () =>
    [await fetch(`${plane.url}/mcp`, { headers: session }), await fetch(`${plane.url}/mcp`, listening(token))] as const
  const before = await open()
  const closing = plane.close(limits)
  for (const [ofSession, ofListener] of [before, await open()]) {
    expect(await within(ofSession.text(), 'the stream of the session to end')).toBe('retry: 10000\n\n')
    const told = await within(ofListener.text(), 'the listener to be told')
    const last = told.trimEnd().split('\n').at(-1) ?? ''
    expect(last).toMatch(/^data: \{"jsonrpc":"2\.0",.*"result":/)
    expect(last.split('"_meta"')).toHaveLength(2)
    expect(JSON.parse(last.slice('data: '.length))).toMatchObject({
      result: {
        resultType: 'complete',
        _meta: {
          'io.modelcontextprotocol/subscriptionId': 1,
          'io.modelcontextprotocol/serverInfo': { name: 'bir-mcp' },
        },
      },
    })
  }
  vi.advanceTimersByTime(5_100)
  await within(closing, 'the plane to stop')
})

test('while it stops, calls are answered and their connections closed; then its port closes and calls under way end', async () => {
  holdClock()
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane({ grants }, [server])
  const token = await plane.token()
  const call = (name: string) => fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name, arguments: { text: 'x' } }))
  const underWay = call('get_thing')
  await within(begun, 'the call to begin')
  let isClosed = false
  unawaited(plane.close(limits).then(() => (isClosed = true)))

  const later = await call('update_thing')
  expect([later.status, later.headers.get('connection')]).toEqual([200, 'close'])
  await later.text()
  vi.advanceTimersByTime(5_100)
  await expect
    .poll(() =>
      call('update_thing').then(
        () => 'served',
        () => 'refused',
      ),
    )
    .toBe('refused')
  expect(isClosed).toBe(false)

  answer('done')
  expect(await (await underWay).json()).toMatchObject({ result: { structuredContent: { result: 'done' } } })
  const isOver = () => {
    vi.advanceTimersByTime(50)
    return isClosed
  }
  await expect.poll(isOver, { message: 'whether it stopped, long before it would cut what is under way' }).toBe(true)
})

test('a call that takes longer than the plane waits is refused, in an answer and on a stream, and its record says why', async () => {
  holdClock()
  let begun = 0
  const never = () => new Promise((_resolve) => void begun++)
  await using plane = await testPlane({ grants }, [aServer({ read: never, write: never })])
  const token = await plane.token()
  const opened = await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  await opened.text()
  const inSession = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const asks = (name: string) => ['tools/call', { name, arguments: { text: 'x' } }] as const
  const send = (request: RequestInit) => fetch(`${plane.url}/mcp/things`, request)
  const streamed = [send(modernRequest(token, ...asks('get_thing'))), send(legacyRequest(token, ...asks('update_thing'), inSession))]
  await expect.poll(() => begun).toBe(2)
  vi.advanceTimersByTime(10_100)
  const streams = await within(Promise.all(streamed), 'the answers to begin as streams')
  const plain = send(modernRequest(token, ...asks('update_thing'), { accept: 'application/json' }))
  await expect.poll(() => begun).toBe(3)

  await within(plane.close({ stopDelayMs: 0, drainMs: 50 }), 'the plane to stop')
  const refusal = { id: 1, error: { code: -31503, message: expect.stringContaining('Try again') as string } }
  for (const stream of streams)
    expect(JSON.parse((await within(stream.text(), 'the refusal')).trimEnd().split('data: ').at(-1) ?? '')).toMatchObject(refusal)
  const answer = await plain
  expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([503, '5', expect.objectContaining(refusal)])
  const outcomes = plane
    .records()
    .flatMap(({ header: { kind, method, outcome, reason } }) => (kind === 'call' && method === 'tools/call' ? [[outcome, reason]] : []))
  expect(outcomes).toEqual(Array.from({ length: 3 }, () => ['unknown', 'plane-stopped']))
})

test('a request that is no call is refused too, such as a list whose server says nothing', async () => {
  await using silent = await serverOf(() => undefined)
  await using plane = await planeBefore({ far: aRemoteEntry(silent.url, '2026-07-28', ['x']) })
  const list = fetch(`${plane.url}/mcp/far`, modernRequest(await plane.token(), 'tools/list'))
  await expect.poll(() => plane.bodies.held, { message: 'whether the request has arrived' }).toBeGreaterThan(0)
  const closing = plane.close({ stopDelayMs: 0, drainMs: 0 })
  expect((await within(list, 'the refusal')).status).toBe(503)
  await silent[Symbol.asyncDispose]() // the plane would wait some seconds for it
  await within(closing, 'the plane to stop')
})

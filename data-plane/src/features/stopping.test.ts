import { expect, onTestFinished, test, vi } from 'vitest'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
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
    expect(told.trimEnd().split('\n').at(-1)).toMatch(/^data: \{"jsonrpc":"2\.0",.*"result":/)
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

import { GatewayError } from '@bir/sdk/contract/errors'
import { expect, onTestFinished, test, vi } from 'vitest'
import { aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const grants = { things: { user: [{ level: 'destroy' as const }] } }

/** A plane whose clock the test sets on, and whose tool answers or fails when it is told to. */
async function slowPlane() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const told = Promise.withResolvers<string>()
  told.promise.catch(() => undefined)
  let begun = 0
  const run = () => {
    begun++
    return told.promise
  }
  const plane = await testPlane({ grants, settings: { callTimeoutMs: 3_600_000 } }, [aServer({ read: run, write: run })])
  const pass = async (seconds: number, calls = 1) => {
    await expect.poll(() => begun).toBe(calls)
    vi.advanceTimersByTime(seconds * 1000)
  }
  return { plane, pass, answer: told.resolve, fail: told.reject }
}

async function opened(plane: TestPlane, path: string, token: string, protocolVersion = '2025-11-25') {
  const response = await fetch(`${plane.url}${path}`, legacyRequest(token, 'initialize', { protocolVersion }))
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
}

const eventsOf = (text: string) =>
  text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6)) as Record<string, unknown>] : []))

test.for([
  ['modern', '/mcp', 'things_get_thing'],
  ['modern', '/mcp/things', 'get_thing'],
  ['legacy', '/mcp', 'things_get_thing'],
  ['legacy', '/mcp/things', 'get_thing'],
  ['legacy', '/mcp/things', 'update_thing'],
] as const)('a %s call on %s that takes long has its headers early, then signs of life, then its answer', async ([era, path, name]) => {
  const { plane: made, pass, answer } = await slowPlane()
  await using plane = made
  const token = await plane.token()
  const init =
    era === 'modern'
      ? modernRequest(token, 'tools/call', { name, arguments: {} })
      : legacyRequest(token, 'tools/call', { name, arguments: {} }, await opened(plane, path, token))
  const asked = fetch(`${plane.url}${path}`, init)
  await pass(11)
  const response = await within(asked, 'the headers of a call that is under way')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream')

  vi.advanceTimersByTime(15_000)
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  if (!reader) throw new Error('the answer has no body')
  expect((await within(reader.read(), 'a sign of life')).value).toBe(': \n\n')

  answer('done')
  let text = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value
  expect(eventsOf(text)).toMatchObject([{ id: 1, result: { structuredContent: { result: 'done' } } }])
  expect(plane.records().at(-1)?.header).toMatchObject({ outcome: 'answered', server: 'things' })
})

test('once the headers left, an error is told in the stream', async () => {
  const { plane: made, pass, fail } = await slowPlane()
  await using plane = made
  const asked = fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {} }))
  await pass(11)
  const response = await within(asked, 'the headers of a call that is under way')
  fail(new GatewayError('unavailable', 'gone'))
  expect(eventsOf(await response.text())).toMatchObject([{ id: 1, error: { code: -31503 } }])
})

test.for(['application/json', '*/*'])('a client that accepts %s alone waits for JSON', async (accept) => {
  const { plane: made, pass, answer } = await slowPlane()
  await using plane = made
  const ask = async (headers: Record<string, string>) =>
    fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {} }, headers))
  const asked = ask({ accept })
  const other = ask({})
  await pass(11, 2)
  await within(other, 'the headers of a client that takes a stream')
  answer('done')
  const response = await within(asked, 'the answer')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toMatchObject({ result: { structuredContent: { result: 'done' } } })
  await (await other).text()
})

test('a call that is answered soon keeps its plain JSON', async () => {
  const { plane: made, pass, answer } = await slowPlane()
  await using plane = made
  const asked = fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {} }))
  await pass(9)
  answer('done')
  expect((await within(asked, 'the answer')).headers.get('content-type')).toBe('application/json')
})

test('a batch that takes long is a stream with the same batch in it', async () => {
  const { plane: made, pass, answer } = await slowPlane()
  await using plane = made
  const token = await plane.token()
  const session = await opened(plane, '/mcp/things', token, '2025-03-26')
  const messages = [
    { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'get_thing', arguments: {} } },
    { jsonrpc: '2.0', id: 'b', method: 'ping' },
  ]
  const asked = fetch(`${plane.url}/mcp/things`, { ...legacyRequest(token, 'x', {}, session), body: JSON.stringify(messages) })
  await pass(11)
  const response = await within(asked, 'the headers of the batch')
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  answer('done')
  expect(eventsOf(await response.text())).toMatchObject([
    [
      { id: 'a', result: {} },
      { id: 'b', result: {} },
    ],
  ])
})

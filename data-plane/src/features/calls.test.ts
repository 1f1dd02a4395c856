import { expect, onTestFinished, test, vi } from 'vitest'
import { aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const grants = { things: { user: [{ level: 'destroy' as const }] } }
const minuteMs = 60_000

async function call(plane: Awaited<ReturnType<typeof testPlane>>, name: string, args: object = {}) {
  const response = await fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/call', { name, arguments: args }))
  return { status: response.status, body: JSON.parse(await response.text()) }
}

test('what may change something is recorded before it is tried, and again with its outcome', async () => {
  let before: unknown[] = []
  const server = aServer({ write: () => (before = plane.records().map(({ header }) => header.kind)) })
  await using plane = await testPlane({ grants }, [server])
  await call(plane, 'update_thing', { text: 'x' })
  expect(before).toEqual(['attempt'])
  const [attempt, end] = plane.records()
  expect(end?.header).toMatchObject({ kind: 'call', outcome: 'answered', level: 'write', call: attempt?.header.call })
})

test('reading leaves one record, with who, what and how it ended', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  await call(plane, 'get_thing', { text: 'x' })
  expect(plane.records()).toHaveLength(1)
  expect(plane.records()[0]).toMatchObject({
    header: { handle: 'alice', server: 'things', tool: 'get_thing', level: 'read', outcome: 'answered', revision: 1, ip: '127.0.0.1' },
    args: '{"text":"x"}',
  })
})

test('a tool that takes too long is given up, told to stop, and said to the model as a tool error', async () => {
  let stopped = false
  const server = aServer({ read: (_, signal) => new Promise(() => signal.addEventListener('abort', () => (stopped = true))) })
  await using plane = await testPlane({ grants, settings: { callTimeoutMs: 100 } }, [server])
  const { status, body } = await call(plane, 'get_thing')
  expect(status).toBe(200)
  expect(body.result.isError).toBe(true)
  expect(body.result.content[0].text).toBe(
    'The tool did not answer within 0.1 s. Ask for less, or try again later.\n{"code":"timed_out","retryable":true}',
  )
  expect(stopped).toBe(true)
  expect(plane.records()[0]?.header).toMatchObject({ outcome: 'failed', reason: 'timed_out' })
})

test('a modern client that goes away has cancelled', async () => {
  const begun = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  const server = aServer({
    read: (_, signal) => {
      begun.resolve()
      signal.addEventListener('abort', () => stopped.resolve())
      return stopped.promise
    },
  })
  await using plane = await testPlane({ grants }, [server])
  const gone = new AbortController()
  const request = fetch(`${plane.url}/mcp/things`, {
    ...modernRequest(await plane.token(), 'tools/call', { name: 'get_thing' }),
    signal: gone.signal,
  })
  await within(begun.promise, 'the call to reach the server')
  gone.abort()
  await expect(request).rejects.toThrow()
  await within(stopped.promise, 'the tool to be told to stop')
  await expect.poll(() => plane.records()[0]?.header.reason).toBe('cancelled')
})

test('a legacy client cancels by naming its request, and only its own', async () => {
  const begun = Promise.withResolvers<void>()
  let stopped = false
  const server = aServer({
    read: (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve((stopped = true)))
        begun.resolve()
      }),
  })
  await using plane = await testPlane({ grants }, [server])
  const token = await plane.token()
  const url = `${plane.url}/mcp/things`
  const open = async () => ({
    'mcp-session-id':
      (await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))).headers.get('mcp-session-id') ?? '',
  })
  const [mine, other] = [await open(), await open()]
  const cancel = (session: Record<string, string>) => {
    const init = legacyRequest(token, 'x', {}, session)
    return fetch(url, { ...init, body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }) })
  }
  const request = fetch(url, legacyRequest(token, 'tools/call', { name: 'get_thing' }, mine))
  await within(begun.promise, 'the call to reach the server')
  expect((await cancel(other)).status).toBe(202)
  expect(stopped).toBe(false)
  await cancel(mine)
  await within(request, 'the cancelled call to end')
  expect(stopped).toBe(true)
})

test('arguments that do not fit are a tool error that names the field', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const { body } = await call(plane, 'get_thing', { text: 7 })
  expect(body.result.content[0].text).toMatch(/^[^{].*text.*\n\{"code":"invalid_input","retryable":false\}$/s)
})

test('a tool that breaks is our fault: the caller learns no more, the record has the truth', async () => {
  const server = aServer({
    read: () => {
      throw new TypeError('secret detail')
    },
  })
  await using plane = await testPlane({ grants }, [server])
  const { body } = await call(plane, 'get_thing')
  expect(body.error.code).toBe(-32603)
  expect(JSON.stringify(body)).not.toContain('secret detail')
  expect(plane.records()[0]?.header).toMatchObject({ outcome: 'failed', detail: 'secret detail' })
})

test('an old policy lets reading go on for days, writing for hours, destroying for minutes', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const status = async (name: string, ageMs: number) => {
    plane.fresh.atMs = Date.now() - ageMs
    return (await call(plane, name)).status
  }
  expect(await status('delete_thing', 14 * minuteMs)).toBe(200)
  expect(await status('delete_thing', 16 * minuteMs)).toBe(503)
  expect(await status('update_thing', 16 * minuteMs)).toBe(200)
  expect(await status('update_thing', 241 * minuteMs)).toBe(503)
  expect(await status('get_thing', 241 * minuteMs)).toBe(200)
  expect(await status('get_thing', 73 * 60 * minuteMs)).toBe(503)
})

test('a grant that expires closes by itself, without any word from the control plane', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const soon = Date.now() + minuteMs
  await using plane = await testPlane({ grants: { things: { user: [{ level: 'read', expiresAtMs: soon }] } } }, [aServer()])
  const names = async () => {
    const response = await fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token(), 'tools/list'))
    return JSON.parse(await response.text()).result.tools.length
  }
  vi.setSystemTime(soon - 1)
  expect(await names()).toBe(1)
  vi.setSystemTime(soon)
  expect(await names()).toBe(0)
})

test('a token from a newer policy than the plane holds is served, and the record says the plane was behind', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const response = await fetch(`${plane.url}/mcp/things`, modernRequest(await plane.token({ rev: 9 }), 'tools/call', { name: 'get_thing' }))
  expect(response.status).toBe(200)
  expect(plane.records()[0]?.header.behind).toBe(true)
})

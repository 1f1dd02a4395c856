import { createClient } from '@bir/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { legacyUpstream } from '../conformance/upstreams/legacy.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'
import { bootGateway } from './boot-gateway.ts'
import type { Gateway } from './boot-gateway.ts'
import { secondPlane, until } from './second-plane.ts'
import type { SecondPlane } from './second-plane.ts'

/** Two planes under one address, asked in turn: what only one can hold is found there, and its end is an answer, never a hang. */

let upstream: Upstream
let gateway: Gateway
let second: SecondPlane
let token: string
let planes: [string, string]

beforeAll(async () => {
  upstream = await legacyUpstream()
  gateway = await bootGateway({ env: { INTERNAL_PORT: '0' } })
  second = await secondPlane(gateway)
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  await client.servers.put({ id: 'fixture', kind: 'remote', url: upstream.url })
  await client.grants.create({ user: 'alice', server: 'fixture', level: 'destroy' })
  token = await gateway.token('alice')
  planes = [`${gateway.endpoints.mcp}/fixture`, `${second.mcp}/fixture`]
  for (const url of planes) await until(async () => (await modern(url, 'tools/list')).body?.result?.tools?.length > 5)
  await until(async () => (await client.planes.list({})).items.length === 2)
}, 120_000)

afterAll(async () => {
  await second?.[Symbol.asyncDispose]()
  await gateway?.stop()
  await upstream?.[Symbol.asyncDispose]()
}, 60_000)

const headers = () => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
})

async function modern(url: string, method: string, params: Record<string, unknown> = {}, capabilities: object = { elicitation: {} }) {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities }
  const name = typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers(), 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  })
  return answerOf(response)
}

async function legacy(url: string, session: string | undefined, message: object) {
  const of = session === undefined ? {} : { 'mcp-session-id': session }
  return fetch(url, { method: 'POST', headers: { ...headers(), ...of }, body: JSON.stringify({ jsonrpc: '2.0', ...message }) })
}

/** The last message of an answer, JSON or stream. */
async function answerOf(response: Response) {
  const text = await response.text()
  const last = text.startsWith('{')
    ? text
    : text
        .split('\n')
        .findLast((line) => line.startsWith('data: '))
        ?.slice(6)
  return { status: response.status, body: last === undefined || last === '' ? undefined : JSON.parse(last) }
}

async function openSession(url: string): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 'two', version: '1' } }
  const response = await legacy(url, undefined, { id: 0, method: 'initialize', params })
  await response.text()
  return response.headers.get('mcp-session-id') ?? ''
}

/** Reads an SSE answer until a message fits; the reader stays where it was. */
async function message(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  fits: (message: { id?: unknown; method?: string; result?: unknown }) => boolean,
) {
  let held = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`the stream ended after: ${held}`)
    held += Buffer.from(value).toString()
    const found = held
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice(6)))
      .find(fits)
    if (found) return found
  }
}

test('a legacy session begun at one plane is served by both in turn', async () => {
  const session = await openSession(planes[0])
  for (const [at, url] of [...planes, ...planes].entries()) {
    const { status, body } = await answerOf(
      await legacy(url, session, { id: at, method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } }),
    )
    expect(status).toBe(200)
    expect(body.result.content[0].type).toBe('text')
  }
})

test('a question asked by one plane is answered through the other', async () => {
  const session = await openSession(planes[0])
  const call = await legacy(planes[1], session, {
    id: 7,
    method: 'tools/call',
    params: { name: 'test_elicitation', arguments: { message: 'Who?' } },
  })
  const reader = call.body!.getReader()
  const asked = await message(reader, ({ method }) => method === 'elicitation/create')
  const answered = await legacy(planes[1], session, {
    id: asked.id,
    result: { action: 'accept', content: { username: 'ann', email: 'ann@example.com' } },
  })
  expect(answered.status).toBe(202)
  const done = await message(reader, ({ id }) => id === 7)
  expect(JSON.stringify(done.result)).toContain('accept')
})

test('a round parked at one plane goes on when its answer comes to the other', async () => {
  const first = await modern(planes[0], 'tools/call', { name: 'test_elicitation', arguments: { message: 'Who?' } })
  expect(first.body.result.resultType).toBe('input_required')
  const { inputRequests, requestState } = first.body.result
  const inputResponses = Object.fromEntries(
    Object.keys(inputRequests).map((key) => [key, { action: 'accept', content: { username: 'ann', email: 'a@example.com' } }]),
  )
  const second = await modern(planes[1], 'tools/call', {
    name: 'test_elicitation',
    arguments: { message: 'Who?' },
    inputResponses,
    requestState,
  })
  expect(second.body.result.resultType).toBe('complete')
})

test('a subscription made through one plane is heard on a stream opened through the other', async () => {
  const session = await openSession(planes[0])
  const stream = await fetch(planes[1], { headers: { ...headers(), accept: 'text/event-stream', 'mcp-session-id': session } })
  expect(stream.status).toBe(200)
  const reader = stream.body!.getReader()
  const subscribed = await answerOf(
    await legacy(planes[1], session, { id: 1, method: 'resources/subscribe', params: { uri: 'test://watched-resource' } }),
  )
  expect(subscribed.body.result).toEqual({})
  const heard = message(reader, ({ method }) => method?.endsWith('list_changed') === true)
  await legacy(planes[0], session, { id: 2, method: 'tools/call', params: { name: 'test_trigger_tool_change', arguments: {} } })
  expect((await heard).method).toBe('notifications/tools/list_changed')
  await reader.cancel()
})

/** `debug` is a server of ours: any plane serves a session there. */
const debug = () => planes.map((url) => url.replace('/fixture', '/debug'))

test.for([0, 1])('a session ended through plane %i is over at both', async (at) => {
  const session = await openSession(debug()[0] ?? '')
  const pings = () =>
    Promise.all(debug().map(async (url) => (await answerOf(await legacy(url, session, { id: 1, method: 'ping' }))).status))
  expect(await pings()).toEqual([200, 200])
  const ended = await fetch(debug()[at] ?? '', { method: 'DELETE', headers: { ...headers(), 'mcp-session-id': session } })
  expect(ended.status).toBe(204)
  expect(await pings()).toEqual([404, 404])
})

test('a call at one plane is cancelled through the other', async () => {
  const [one = '', other = ''] = planes.map((url) => url.replace('/fixture', '/sql'))
  const session = await openSession(one)
  const query = 'select count(*) from public.transactions a cross join public.transactions b'
  const params = { name: 'execute_query', arguments: { connection: 'bank', query } }
  let answer: Awaited<ReturnType<typeof answerOf>> | undefined
  const call = legacy(one, session, { id: 9, method: 'tools/call', params }).then(async (response) => (answer = await answerOf(response)))
  // Said again until the call has begun and hears of it.
  await until(async () => {
    await legacy(other, session, { method: 'notifications/cancelled', params: { requestId: 9 } })
    return answer !== undefined
  }, 10_000)
  await call
  expect(answer?.body.error).toMatchObject({ code: -31503 })
})

test('when the home of a session is gone, the other plane says 404 and the client begins anew', async () => {
  const session = await openSession(planes[1])
  const parked = await modern(planes[1], 'tools/call', { name: 'test_elicitation', arguments: { message: 'Who?' } })
  await second.kill()
  const lost = await answerOf(
    await legacy(planes[0], session, { id: 1, method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } }),
  )
  expect(lost.status).toBe(404)
  const { requestState, inputRequests } = parked.body.result
  const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, { action: 'cancel' }]))
  const orphan = await modern(planes[0], 'tools/call', {
    name: 'test_elicitation',
    arguments: { message: 'Who?' },
    inputResponses,
    requestState,
  })
  expect(orphan.status).toBe(404)
  expect((await answerOf(await legacy(planes[0], await openSession(planes[0]), { id: 1, method: 'ping' }))).body.result).toEqual({})
})

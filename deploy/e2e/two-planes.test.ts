import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { legacyUpstream } from '../conformance/upstreams/legacy.ts'
import { modernUpstream } from '../conformance/upstreams/modern.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'
import { modernRequest } from '@bir/data-plane/testing'
import { until, within } from '@bir/data-plane/testing/waiting'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { Events } from './events.ts'
import { secondPlane } from '../testing/second-plane.ts'
import type { SecondPlane } from '../testing/second-plane.ts'

/**
 * Two planes behind one address, asked in turn. State that one plane holds is reached through the other, and its end
 * is an answer.
 */

let upstreams: [Upstream, Upstream]
let gateway: Gateway
let second: SecondPlane
let token: string
let bobs: string
let planes: [string, string]

beforeAll(async () => {
  upstreams = [await legacyUpstream(), await modernUpstream()]
  gateway = await bootGateway({ env: { INTERNAL_PORT: '0' } })
  second = await secondPlane(gateway)
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  await client.servers.put({ id: 'fixture', kind: 'remote', url: upstreams[0].url })
  await client.servers.put({ id: 'modern', kind: 'remote', url: upstreams[1].url })
  for (const user of ['alice', 'bob'])
    for (const server of ['fixture', 'modern']) await client.grants.create({ user, server, level: 'destroy' })
  token = await gateway.token('alice')
  bobs = await gateway.token('bob')
  planes = [`${gateway.endpoints.mcp}/fixture`, `${second.mcp}/fixture`]
  for (const base of [gateway.endpoints.mcp, second.mcp])
    for (const id of ['fixture', 'modern'])
      await until(
        async () => (await modern(`${base}/${id}`, 'tools/list')).body?.result?.tools?.length > 5,
        `the tools of ${id} at ${base}`,
      )
  await until(async () => (await client.planes.list({})).items.length === 2, 'the control plane to know both planes')
})

afterAll(async () => {
  await second?.[Symbol.asyncDispose]()
  await gateway?.stop()
  for (const upstream of upstreams ?? []) await upstream[Symbol.asyncDispose]()
})

test('both planes joined with the line in the file of that moment, and the file has a line for the next', async () => {
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const { items } = await client.planes.lines()
  expect(items.every(({ origin }) => origin === 'file')).toBe(true)
  expect(items.flatMap(({ planes }) => planes.map(({ name }) => name)).sort()).toEqual(['local', 'second'])
  expect(items.map(({ state }) => state).sort()).toEqual(['open', 'used', 'used'])
})

test('each plane opens tokens that are sealed to it, and the others know', async () => {
  const folder = join(gateway.home, 'plane', 'policy')
  const sealingKeys = () => readdirSync(folder).map((slot) => readFileSync(join(folder, slot), 'latin1').split('"sealingKey"').length - 1)
  await expect.poll(sealingKeys).toContain(2)
})

const headers = () => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
})

const tasks = 'io.modelcontextprotocol/tasks'
const declared = { elicitation: {}, extensions: { [tasks]: {} } }

function ask(
  url: string,
  method: string,
  params: Record<string, unknown> = {},
  capabilities: object = { elicitation: {} },
  bearer = token,
) {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities }
  return fetch(url, modernRequest(bearer, method, { ...params, _meta }))
}

const modern = async (...asked: Parameters<typeof ask>) => answerOf(await ask(...asked))

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
  const events = new Events(call)
  const asked = await events.next('the question', ({ method }) => method === 'elicitation/create')
  const answered = await legacy(planes[1], session, {
    id: asked.id,
    result: { action: 'accept', content: { username: 'ann', email: 'ann@example.com' } },
  })
  expect(answered.status).toBe(202)
  const done = await events.next('the answer to the call', ({ id }) => id === 7)
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
  const events = new Events(stream)
  const subscribed = await answerOf(
    await legacy(planes[1], session, { id: 1, method: 'resources/subscribe', params: { uri: 'test://watched-resource' } }),
  )
  expect(subscribed.body.result).toEqual({})
  const heard = events.next('word of the change', ({ method }) => method?.endsWith('list_changed') === true)
  await legacy(planes[0], session, { id: 2, method: 'tools/call', params: { name: 'test_trigger_tool_change', arguments: {} } })
  expect((await heard).method).toBe('notifications/tools/list_changed')
  await events.cancel()
})

test.for(['/modern', ''])(
  'a task begun through one plane is asked after, answered, told of and ended through both in turn, at /mcp%s',
  async (path) => {
    const [one, other] = [gateway.endpoints.mcp + path, second.mcp + path]
    const tool = (name: string) => (path === '' ? `modern_${name}` : name)
    const about = (url: string, method: string, params: Record<string, unknown>, bearer?: string) =>
      modern(url, method, params, declared, bearer)

    const begun = await about(one, 'tools/call', { name: tool('confirm_delete'), arguments: { filename: 'a.txt' } })
    expect(begun.body.result).toMatchObject({ resultType: 'task', status: 'working' })
    const { taskId } = begun.body.result
    const stream = await ask(other, 'subscriptions/listen', { notifications: { taskIds: [taskId] } }, declared)
    const events = new Events(stream)
    await events.next('the acknowledgement', ({ method }) => method === 'notifications/subscriptions/acknowledged')

    for (const url of [one, other, one, other]) {
      const { result } = (await about(url, 'tasks/get', { taskId })).body
      expect(result).toMatchObject({ taskId, status: 'input_required', inputRequests: { confirm: { method: 'elicitation/create' } } })
    }
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'])
      for (const url of [one, other]) {
        const { body } = await about(url, method, { taskId, inputResponses: {} }, bobs)
        expect(body.error).toEqual({ code: -32_602, message: 'Unknown task.' })
      }

    const heard = events.next(
      'word that the task is completed',
      ({ method, params }) => method === 'notifications/tasks' && params?.['status'] === 'completed',
    )
    const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } }
    expect((await about(other, 'tasks/update', { taskId, inputResponses })).body.result).toMatchObject({ resultType: 'complete' })
    const done = { taskId, status: 'completed', result: { content: [{ text: 'Deleted a.txt.' }] } }
    expect((await heard).params).toMatchObject(done)
    for (const url of [one, other]) expect((await about(url, 'tasks/get', { taskId })).body.result).toMatchObject(done)
    await events.cancel()

    const long = (await about(other, 'tools/call', { name: tool('slow_compute'), arguments: { seconds: 600 } })).body.result.taskId
    expect((await about(one, 'tasks/cancel', { taskId: long })).body.result).toMatchObject({ resultType: 'complete' })
    expect((await about(other, 'tasks/get', { taskId: long })).body.result).toMatchObject({ taskId: long, status: 'cancelled' })
  },
)

test('a legacy client, and a modern one that declares no tasks, is answered at once, or told that it cannot be', async () => {
  const call = (name: string) => ({ name, arguments: { seconds: 0.1, label: 'x' } })
  const session = await openSession(`${gateway.endpoints.mcp}/modern`)
  for (const [at, url] of [`${gateway.endpoints.mcp}/modern`, `${second.mcp}/modern`].entries()) {
    const waited = await answerOf(await legacy(url, session, { id: at, method: 'tools/call', params: call('slow_compute') }))
    expect(waited.body.result.content[0].text).toBe('Computed x for 0.1 s.')
    const refused = await answerOf(await legacy(url, session, { id: at, method: 'tools/call', params: call('failing_job') }))
    expect([refused.status, refused.body.error.code]).toEqual([200, -32_602])
    expect((await modern(url, 'tools/call', call('slow_compute'))).body.result.resultType).toBe('complete')
    const missing = await modern(url, 'tools/call', call('failing_job'))
    expect([missing.status, missing.body.error]).toMatchObject([
      400,
      { code: -32_021, data: { requiredCapabilities: { extensions: { [tasks]: {} } } } },
    ])
  }
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

test('a personal token is good at both planes from the moment in which it is given', async () => {
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const seen = new Set<number>()
  for (let round = 0; round < 100; round++) {
    const { token } = await client.personalTokens.create({ name: 'fresh', user: round % 2 === 0 ? 'alice' : 'bob' })
    for (const url of planes) seen.add((await fetch(url, modernRequest(token, 'tools/list'))).status)
  }
  expect([...seen]).toEqual([200])
})

test('a personal token that was revoked is refused at both planes with that word, and all its calls are found by its id', async () => {
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const { id, token } = await client.personalTokens.create({ name: 'lost', user: 'dave' })
  const said = async () => {
    const answers = await Promise.all(planes.map((url) => fetch(url, modernRequest(token, 'tools/call', { name: 'none' }))))
    return Promise.all(answers.map(async (response) => [response.status, (await response.text()).includes('This token was revoked.')]))
  }
  await said()
  await client.personalTokens.revoke({ id })
  const refused = [401, true]
  await expect.poll(said).toEqual([refused, refused])
  const found = async () => (await client.audit.search({ token: id })).items
  await expect.poll(async () => (await found()).filter(({ reason }) => reason === 'token-revoked').length).toBeGreaterThanOrEqual(2)
  const rows = await found()
  const revoked = rows.filter(({ reason }) => reason === 'token-revoked')
  for (const row of revoked) expect(row).toMatchObject({ user: 'dave', tokenId: id, client: 'personal-token', method: 'tools/call' })
  expect(rows.map(({ method }) => method)).toEqual(expect.arrayContaining(['personalTokens.create', 'personalTokens.revoke']))
})

test('a session that is over is over at a plane that was not there when it ended', async () => {
  const session = await openSession(debug()[0] ?? '')
  const ended = await fetch(debug()[1] ?? '', { method: 'DELETE', headers: { ...headers(), 'mcp-session-id': session } })
  expect(ended.status).toBe(204)
  expect(readFileSync(join(gateway.home, 'plane', 'ended-sessions'), 'utf8')).toMatch(/^[0-9a-f-]{36}$/m)
  await using third = await secondPlane(gateway)
  const ping = async (id: string) => (await answerOf(await legacy(`${third.mcp}/debug`, id, { id: 1, method: 'ping' }))).status
  await expect.poll(() => ping(session), { message: 'status of the session that is over' }).toBe(404)
  const other = await openSession(debug()[0] ?? '')
  expect(await ping(other)).toBe(200)
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
  }, 'the cancelled call to end')
  await within(call, 'the cancelled call to end')
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

test('an expelled plane serves nobody, ends its streams, and serves nobody after a restart on its home', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bir-third-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const healthAt = async (mcp: string) => {
    const response = await fetch(`${new URL(mcp).origin}/health`)
    return { status: response.status, body: await response.json() }
  }
  const expelled = { status: 503, body: { status: 'expelled', why: expect.stringContaining('move its folder HOME_DIR away') as string } }
  {
    await using third = await secondPlane(gateway, { home, name: 'third' })
    expect((await modern(`${third.mcp}/debug`, 'tools/list')).status).toBe(200)
    const stream = await ask(`${third.mcp}/debug`, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
    expect(stream.status).toBe(200)
    const { id = '' } = (await client.planes.list()).items.find(({ name }) => name === 'third') ?? {}
    await client.planes.expel({ id })
    await within(stream.text(), 'the stream to end')
    expect(await modern(`${third.mcp}/debug`, 'tools/list')).toMatchObject({ status: 503, body: { error: { code: -31503 } } })
    expect(await healthAt(third.mcp)).toMatchObject(expelled)
  }
  await using again = await secondPlane(gateway, { home, name: 'third', health: 503 })
  await expect.poll(() => healthAt(again.mcp)).toMatchObject(expelled)
  expect(await modern(`${again.mcp}/debug`, 'tools/list')).toMatchObject({ status: 503, body: { error: { code: -31503 } } })
})

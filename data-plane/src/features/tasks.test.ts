import { afterEach, expect, test, vi } from 'vitest'
import { legacyRequest, SECRET } from '../testing/plane.ts'
import { OWN, extensionPlane } from '../testing/extensions.ts'
import { MAX_TASK_LIFE_MS, TASKS_EXTENSION, withoutTasks } from '../protocol/extensions/tasks.ts'

const methods = ['tasks/get', 'tasks/update', 'tasks/cancel'] as const
const dayMs = 24 * 60 * 60 * 1000
type Served = Awaited<ReturnType<typeof extensionPlane>>

/** The id that alice is given of a new task. */
async function begin({ ask }: Served, path = '/mcp/things', tool = path === '/mcp' ? 'things_look' : 'look'): Promise<string> {
  const { result } = await ask(path, 'tools/call', { name: tool, arguments: {} })
  expect(result).toMatchObject({ resultType: 'task', status: 'working' })
  return String(result?.['taskId'])
}

afterEach(() => {
  vi.useRealTimers()
})

/** The clock on the wall, later: alice comes with a new token, and the policy is as fresh. */
async function later({ plane, tokens }: Served, byMs: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs })
  plane.fresh.atMs = Date.now()
  tokens.alice = await plane.token()
}

const relayed = ({ asked }: Served) => asked.filter(({ method }) => method.startsWith('tasks/'))

test.for(methods)(
  '%s reaches the server under its own id, in body and header, and goes back under the one the client has',
  async (method) => {
    await using served = await extensionPlane()
    for (const path of ['/mcp/things', '/mcp']) {
      const taskId = await begin(served, path)
      expect(taskId).not.toContain(OWN)
      const { status, result } = await served.ask(path, method, { taskId, inputResponses: {} })
      expect([status, result?.['resultType'], result?.['taskId']]).toEqual([200, 'complete', method === 'tasks/get' ? taskId : undefined])
    }
    expect(relayed(served).map(({ params, headers }) => [params['taskId'], headers['mcp-name']])).toEqual([
      [OWN, OWN],
      [OWN, OWN],
    ])
  },
)

test('the id of another person’s task, of another server’s, an altered one and a server’s own are all unknown, in the same words', async () => {
  await using served = await extensionPlane()
  const taskId = await begin(served)
  const wrong = [
    ['/mcp/things', taskId, 'dave'],
    ['/mcp', taskId, 'dave'],
    ['/mcp/other', taskId, 'alice'],
    ['/mcp/things', `${taskId.slice(0, -2)}AA`, 'alice'],
    ['/mcp/things', OWN, 'alice'],
    ['/mcp', OWN, 'alice'],
  ] as const
  for (const method of methods)
    for (const [path, id, who] of wrong) {
      const { status, error } = await served.ask(path, method, { taskId: id, inputResponses: {} }, { who })
      expect([path, who, status, error]).toEqual([path, who, 200, { code: -32_602, message: 'Unknown task.' }])
    }
  expect(relayed(served)).toEqual([])
})

test.for([
  ['for two days', 2 * dayMs, 2 * dayMs, 2 * dayMs],
  ['for ten minutes, and perhaps longer', 600_000, 600_000, dayMs],
  ['for a month', 30 * dayMs, MAX_TASK_LIFE_MS, MAX_TASK_LIFE_MS],
  ['for ever', null, null, 7 * dayMs],
  ['and says not how long', undefined, undefined, 7 * dayMs],
] as const)(
  'the id of a task that its server keeps %s is good for as long, and never promised for longer',
  async ([, ttlMs, told, goodMs]) => {
    await using served = await extensionPlane()
    const task = { taskId: OWN, status: 'working', createdAt: '2026-11-28T10:00:00Z', ...(ttlMs !== undefined && { ttlMs }) }
    served.answers['tools/call'] = { resultType: 'task', ...task }
    served.answers['tasks/get'] = { resultType: 'complete', ...task }
    for (const path of ['/mcp/things', '/mcp']) {
      const name = path === '/mcp' ? 'things_look' : 'look'
      const begun = await served.ask(path, 'tools/call', { name, arguments: {} })
      const taskId = String(begun.result?.['taskId'])
      await later(served, goodMs - 60_000)
      const got = await served.ask(path, 'tasks/get', { taskId })
      expect([got.result?.['taskId'], begun.result?.['ttlMs'], got.result?.['ttlMs']]).toEqual([taskId, told, told])
      await later(served, 120_000)
      expect((await served.ask(path, 'tasks/get', { taskId })).error).toEqual({ code: -32_602, message: 'Unknown task.' })
    }
  },
)

test.for(['/mcp/things', '/mcp'])('%s: what is told of a task promises no more than its answer did', async (path) => {
  await using served = await extensionPlane()
  const taskId = await begin(served, path)
  await using stream = await served.listen(path, { taskIds: [taskId] })
  await stream.next()
  served.tell('notifications/tasks', { taskId: OWN, status: 'working', ttlMs: 30 * dayMs })
  expect((await stream.next()).params).toMatchObject({ taskId, ttlMs: MAX_TASK_LIFE_MS })
})

test('who has lost the tool has lost its tasks, on every path; what they began can be had again with the permission', async () => {
  await using served = await extensionPlane()
  const taskId = await begin(served)
  served.plane.use({ grants: { things: { user: [{ level: 'destroy', deny: ['look'] }] } } })
  for (const method of methods) expect((await served.ask('/mcp/things', method, { taskId })).error).toMatchObject({ code: -32_602 })
  const last = served.plane.records().at(-1)?.header
  expect(last).toMatchObject({ outcome: 'refused', reason: 'tool-denied', server: 'things', tool: 'look' })
  served.plane.use({})
  expect((await served.ask('/mcp/things', 'tasks/get', { taskId })).status).toBe(200)
})

test('a grant of one tool opens that tool’s tasks, to ask after and to listen to', async () => {
  await using served = await extensionPlane({ things: { user: [{ level: 'read', allow: ['look'] }] } })
  const taskId = await begin(served)
  expect((await served.ask('/mcp/things', 'tasks/get', { taskId })).result).toMatchObject({ taskId })
  await using stream = await served.listen('/mcp', { taskIds: [taskId] })
  expect((await stream.next()).params).toMatchObject({ notifications: { taskIds: [taskId] } })
})

test('an answer to a task is as weighty as its tool: recorded before it is sent where the tool may destroy', async () => {
  await using served = await extensionPlane()
  const taskId = await begin(served, '/mcp/things', 'wipe')
  for (const method of methods) await served.ask('/mcp/things', method, { taskId, inputResponses: {} })
  const kept = served.plane.records().map(({ header: { kind, method, tool, level } }) => [kind, method, tool, level])
  expect(kept).toEqual([
    ['attempt', 'tools/call', 'wipe', 'destroy'],
    ['call', 'tools/call', 'wipe', 'destroy'],
    ['call', 'tasks/get', 'wipe', 'read'],
    ['attempt', 'tasks/update', 'wipe', 'destroy'],
    ['call', 'tasks/update', 'wipe', 'destroy'],
    ['call', 'tasks/cancel', 'wipe', 'read'],
  ])
})

test('a client that has not declared tasks is told so, whatever it names, and no server is asked', async () => {
  await using served = await extensionPlane()
  const needs = { code: -32_021, data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } } }
  const none = { capabilities: {} }
  const taskId = await begin(served)
  for (const path of ['/mcp/things', '/mcp']) {
    for (const method of methods) expect(await served.ask(path, method, { taskId }, none)).toMatchObject({ status: 400, error: needs })
    expect(await served.ask(path, 'subscriptions/listen', { notifications: { taskIds: ['x'] } }, none)).toMatchObject({
      status: 400,
      error: needs,
    })
  }
  expect(relayed(served)).toEqual([])
})

test.for(['tasks/list', 'tasks/result'])(
  '%s of 2025-11-25 is no method any more, here and on `/mcp`, and reaches no server',
  async (method) => {
    await using served = await extensionPlane()
    const taskId = await begin(served)
    for (const path of ['/mcp/things', '/mcp'])
      expect(await served.ask(path, method, { taskId })).toMatchObject({ status: 404, error: { code: -32_601 } })
    expect(relayed(served)).toEqual([])
  },
)

test('a task that the client did not declare to understand is the server’s fault, and no result', async () => {
  await using served = await extensionPlane()
  const { result } = await served.ask('/mcp/things', 'tools/call', { name: 'look', arguments: {} }, { capabilities: {} })
  expect(result).toMatchObject({ isError: true, resultType: 'complete' })
  expect(JSON.stringify(result)).not.toContain(OWN)
})

test('what a tool answers late is cut like any answer, asked for or told, and holds no secret', async () => {
  await using served = await extensionPlane(undefined, { truncateChars: 1_000 })
  const taskId = await begin(served)
  const done = { taskId: OWN, status: 'completed', result: { content: [{ type: 'text', text: `${SECRET} ${'y'.repeat(5_000)}` }] } }
  served.answers['tasks/get'] = { resultType: 'complete', ...done }
  const { result } = await served.ask('/mcp/things', 'tasks/get', { taskId })

  await using stream = await served.listen('/mcp/things', { taskIds: [taskId] })
  await stream.next()
  served.tell('notifications/tasks', done)
  const told = await stream.next()
  for (const task of [result, told.params]) {
    expect(task).toMatchObject({ taskId, status: 'completed' })
    const { content } = (task ?? {})['result'] as { content: [{ text: string }] }
    const [{ text }] = content
    expect(text).toMatch(/^••• y+\n\[cut: /)
    expect(text.length).toBeLessThan(1_200)
  }
})

test.for(['/mcp/things', '/mcp'])('%s: a number in a late answer keeps every digit, asked for or told', async (path) => {
  await using served = await extensionPlane()
  const taskId = await begin(served, path)
  const done = { taskId: OWN, status: 'completed', result: { content: [], structuredContent: { account: '#12345678901234567890#' } } }
  served.answers['tasks/get'] = { resultType: 'complete', ...done }
  expect(await served.read(path, 'tasks/get', { taskId })).toContain('"account":12345678901234567890')
  await using stream = await served.listen(path, { taskIds: [taskId] })
  await stream.next()
  served.tell('notifications/tasks', done)
  expect(await stream.nextText()).toContain('"account":12345678901234567890')
})

test.for(['/mcp/things', '/mcp'])(
  '%s: of the tasks asked for those are told of that are one’s own, under one’s own ids, as long as one may',
  async (path) => {
    await using served = await extensionPlane()
    const [first, second] = [await begin(served, path), await begin(served, path)]
    await using others = await served.listen(path, { taskIds: [first, OWN] }, { who: 'dave' })
    expect((await others.next()).params).toMatchObject({ notifications: { taskIds: [] } })
    await using stream = await served.listen(path, { toolsListChanged: true, taskIds: [first, 'nonsense'] })
    expect((await stream.next()).params).toMatchObject({ notifications: { toolsListChanged: true, taskIds: [first] } })
    expect(second).not.toBe(first)

    served.tell('notifications/tasks', { taskId: 'own-2', status: 'working' })
    served.tell('notifications/tasks', { taskId: OWN, status: 'working' })
    expect(await stream.next()).toMatchObject({ method: 'notifications/tasks', params: { taskId: first, status: 'working' } })

    served.plane.use({ grants: { things: { user: [{ level: 'destroy', deny: ['look'] }] } } })
    served.tell('notifications/tasks', { taskId: OWN, status: 'completed' })
    expect((await stream.next()).method).toBe('notifications/tools/list_changed')
  },
)

test('a legacy client’s servers hear of no tasks, whatever it declares, and of all else it does', async () => {
  await using served = await extensionPlane()
  const url = `${served.plane.url}/mcp/things`
  const capabilities = { tasks: { list: {} }, sampling: {}, extensions: { [TASKS_EXTENSION]: {}, 'com.example/x': { a: 1 } } }
  const post = (method: string, params: Record<string, unknown>, session = {}) =>
    fetch(url, legacyRequest(served.tokens.alice, method, params, session))
  const clientInfo = { name: 'old', version: '1' }
  const begun = await post('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo })
  const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' }
  await post('tools/call', { name: 'look', arguments: {} }, session)
  const call = served.asked.find(({ method }) => method === 'tools/call')
  expect(call?.params._meta['io.modelcontextprotocol/clientCapabilities']).toEqual({
    sampling: {},
    extensions: { 'com.example/x': { a: 1 } },
  })
  const asked = await post('tasks/get', { taskId: 'x' }, session)
  expect(await asked.json()).toMatchObject({ error: { code: -32_601 } })
})

test('capabilities without a word of tasks stay the very same', () => {
  const capabilities = { roots: {}, extensions: { 'com.example/x': {} } }
  expect(withoutTasks(capabilities)).toBe(capabilities)
})

import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../server-kit/define.ts'
import { askForm, inputRequired } from '../server-kit/input-required.ts'
import { neighbours } from '../testing/neighbours.ts'
import { ALICE, aServer, entryOf, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane, TestPlaneOptions } from '../testing/plane.ts'
import type { PolicyParts } from '../testing/policy.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { modernServer } from '../upstream/modern/testing.ts'

const grants = { things: { user: [{ level: 'write' as const }] } }
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} }
const unknownTool = { error: { code: -32602, message: 'Unknown tool: update_thing' } }

/** A server whose tool works until it is told to stop. */
function busyServer() {
  const begun = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  const server = aServer({
    write(_, signal) {
      signal.addEventListener('abort', () => stopped.resolve())
      begun.resolve()
      return new Promise(() => undefined)
    },
  })
  return { server, begun: begun.promise, stopped: stopped.promise }
}

const callEnd = (plane: TestPlane) => plane.records().find(({ header }) => header.kind === 'call' && header.method === 'tools/call')?.header

const entry = entryOf(aServer())
const relabelled = { ...entry, tools: { ...entry.tools, update_thing: { level: 'destroy' as const } } }
const hidden = { ...entry, tools: { ...entry.tools, update_thing: { level: 'write' as const, hidden: true as const } } }
const jti = '01980000-0000-7000-8000-000000000001'

const losses: [string, PolicyParts, string, number, object][] = [
  ['its server is switched off', { revoked: { killed: ['things'] } }, 'server-killed', 200, unknownTool],
  ['its server is taken away', { servers: {} }, 'unknown-server', 200, unknownTool],
  ['its tool is hidden', { servers: { things: hidden } }, 'tool-hidden', 200, unknownTool],
  ['its tool is relabelled', { servers: { things: relabelled } }, 'level-too-low', 200, unknownTool],
  ['the grant is lost', { grants: {} }, 'no-grant', 200, unknownTool],
  ['the grant is lowered', { grants: { things: { user: [{ level: 'read' }] } } }, 'level-too-low', 200, unknownTool],
  ['the tool is denied', { grants: { things: { user: [{ level: 'write', deny: ['update_thing'] }] } } }, 'tool-denied', 200, unknownTool],
  ['the person chose a lower level', { selection: { things: { level: 'read' } } }, 'selected-lower', 200, unknownTool],
  ['the person switched the tool off', { selection: { things: { off: ['update_thing'] } } }, 'switched-off', 200, unknownTool],
  ['the person is disabled', { disabled: ['alice'] }, 'person-disabled', 403, { error: { code: -31410 } }],
  ['the person signs in anew', { revoked: { epochs: { [ALICE]: 9_999_999_999 } } }, 'token-before-epoch', 401, { error: { code: -31401 } }],
  ['the token is revoked', { revoked: { tokens: [jti] } }, 'token-revoked', 401, { error: { code: -31401 } }],
  ['the sign-in is revoked', { revoked: { sessions: ['s1'] } }, 'session-revoked', 401, { error: { code: -31401 } }],
]

test.for(losses)(
  'when %s, a call under way ends as a new one would, and its tool is told to stop',
  async ([, loss, reason, status, body]) => {
    const { server, begun, stopped } = busyServer()
    await using plane = await testPlane({ grants }, [server])
    const init = modernRequest(await plane.token({ jti, sid: 's1' }), 'tools/call', { name: 'update_thing', arguments: {} })
    const underWay = fetch(`${plane.url}/mcp/things`, init)
    await within(begun, 'the call to reach its tool')
    plane.use({ ...loss, revision: 2 })
    const answer = await within(underWay, 'the call to end')
    const text = await answer.text()
    expect(answer.status).toBe(status)
    expect(JSON.parse(text)).toMatchObject(body)
    await within(stopped, 'the tool to be told to stop')
    const later = await fetch(`${plane.url}/mcp/things`, init)
    // A new call may be refused before its id is read.
    const { error } = JSON.parse(text) as { error: object }
    expect([later.status, await later.json()]).toMatchObject([status, { error }])
    // What the tool did before it stopped, nobody knows.
    expect(callEnd(plane)).toMatchObject({
      outcome: 'unknown',
      reason,
      detail: `stopped while it was under way: ${loss.disabled ? 'the person is disabled' : reason}`,
    })
  },
)

test('a call that is still allowed goes on through every change of policy', async () => {
  const begun = Promise.withResolvers<void>()
  const done = Promise.withResolvers<string>()
  const server = aServer({
    write() {
      begun.resolve()
      return done.promise
    },
  })
  await using plane = await testPlane({ grants }, [server], {}, undefined, { revocationCheckMs: 5 })
  const init = modernRequest(await plane.token({ lateS: 625 }), 'tools/call', { name: 'update_thing', arguments: {} })
  const underWay = fetch(`${plane.url}/mcp/things`, init)
  await within(begun.promise, 'the call to reach its tool')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 }) // its token has expired by now
  onTestFinished(() => void vi.useRealTimers())
  plane.use({ revision: 2 })
  plane.use({ revision: 3, revoked: { killed: ['debug'], tokens: [jti] }, disabled: ['dave'] })
  done.resolve('whole')
  expect(await (await underWay).text()).toContain('whole')
})

test('dozens of calls under way end together, and one that is still allowed goes on', async () => {
  const begun: (() => void)[] = []
  const server = aServer({
    read: () => new Promise((resolve) => begun.push(() => resolve('whole'))),
    write: (_, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  })
  await using plane = await testPlane({ grants }, [server])
  const token = await plane.token()
  const call = async (name: string) =>
    (await fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name, arguments: {} }))).text()
  const stopped = Promise.all(Array.from({ length: 60 }, () => call('update_thing')))
  const whole = call('get_thing')
  await expect.poll(() => [plane.records().filter(({ header }) => header.kind === 'attempt').length, begun.length]).toEqual([60, 1])
  plane.use({ grants: { things: { user: [{ level: 'read' }] } }, revision: 2 })
  expect(new Set(await stopped).size).toBe(1)
  begun.forEach((end) => end())
  expect(await whole).toContain('whole')
})

/** A server whose tool asks, and counts how often it was answered. */
function askingServer() {
  const heard: unknown[] = []
  const made = defineServer({ id: 'things', title: 'Things', settings: z.object({}) })
  const tool = made.tool({
    name: 'update_thing',
    description: 'Asks.',
    level: 'write',
    input: z.strictObject({}),
    output: z.object({ text: z.string() }),
    async run(_args, { inputResponses }) {
      if (!inputResponses) return inputRequired({ q: askForm('Sure?', { a: { type: 'string' } }) })
      heard.push(inputResponses)
      return { text: 'done' }
    },
  })
  return { server: made.with(tool), heard }
}

/** A legacy session with a call whose client has been asked. */
async function askedCall(plane: TestPlane, path = '/mcp/things', name = 'update_thing') {
  const token = await plane.token()
  const url = plane.url + path
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25', capabilities }))
  await opened.text()
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const stream = await fetch(url, legacyRequest(token, 'tools/call', { name, arguments: {} }, session))
  let text = ''
  const ended = (async () => {
    for await (const chunk of stream.body ?? []) text += Buffer.from(chunk).toString()
  })()
  await expect.poll(() => text).toContain('elicitation/create')
  const id = /"id":"([^"]+)","method":"elicitation/.exec(text)?.[1]
  const answer = { jsonrpc: '2.0', id, result: { action: 'accept', content: { a: 'yes' } } }
  return {
    ended,
    text: () => text,
    answer: () => fetch(url, { ...legacyRequest(token, '', {}, session), body: JSON.stringify(answer) }),
  }
}

const asking = (server: ReturnType<typeof askingServer>['server'], parts: PolicyParts = {}, options: TestPlaneOptions = {}) =>
  testPlane({ grants, ...parts }, [server], {}, undefined, options)

test('a question that waits for its person is taken back when the tool is lost, and an answer reaches nobody', async () => {
  const { server, heard } = askingServer()
  await using plane = await asking(server)
  const call = await askedCall(plane)
  plane.use({ revoked: { killed: ['things'] }, revision: 2 })
  await within(call.ended, 'the call to end')
  expect(call.text()).toMatch(/notifications\/cancelled[\s\S]*-32602[\s\S]*Unknown tool: update_thing/)
  await call.answer()
  expect(heard).toEqual([])
  expect(callEnd(plane)).toMatchObject({ outcome: 'unknown', reason: 'server-killed' })
})

test('an answer is decided on when it comes: a grant that expired while its person thought takes it to nobody', async () => {
  const { server, heard } = askingServer()
  const expiresAtMs = Date.now() + 60_000
  const expiring = { grants: { things: { user: [{ level: 'write' as const, expiresAtMs }] } } }
  await using plane = await asking(server, expiring, { revocationCheckMs: 1e9 })
  const call = await askedCall(plane)
  vi.useFakeTimers({ toFake: ['Date'], now: expiresAtMs })
  onTestFinished(() => void vi.useRealTimers())
  plane.fresh.atMs = Date.now()
  await call.answer()
  await within(call.ended, 'the call to end')
  expect(call.text()).toContain('Unknown tool: update_thing')
  expect(heard).toEqual([])
  expect(callEnd(plane)).toMatchObject({ outcome: 'unknown', reason: 'grants-expired' })
})

test('a grant that expires ends a call under way within a second, without any word from the control plane', async () => {
  const { server, begun, stopped } = busyServer()
  const expiresAtMs = Date.now() + 60_000
  await using plane = await testPlane({ grants: { things: { user: [{ level: 'write', expiresAtMs }] } } }, [server], {}, undefined, {
    revocationCheckMs: 5,
  })
  const underWay = fetch(
    `${plane.url}/mcp/things`,
    modernRequest(await plane.token(), 'tools/call', { name: 'update_thing', arguments: {} }),
  )
  await within(begun, 'the call to reach its tool')
  vi.useFakeTimers({ toFake: ['Date'], now: expiresAtMs })
  onTestFinished(() => void vi.useRealTimers())
  expect(await (await underWay).json()).toMatchObject(unknownTool)
  await within(stopped, 'the tool to be told to stop')
})

test('an answer that is still allowed goes on under the policy of now', async () => {
  const { server, heard } = askingServer()
  await using plane = await asking(server)
  const call = await askedCall(plane)
  plane.use({ grants: { things: { user: [{ level: 'destroy' }] } }, revision: 2 })
  await call.answer()
  await within(call.ended, 'the call to end')
  expect(call.text()).toContain('done')
  expect(heard).toHaveLength(1)
  expect(callEnd(plane)).toMatchObject({ outcome: 'answered', revision: 2 })
})

const killed = { revoked: { killed: ['old'] }, revision: 2 }

test('a legacy server is told that the call it works on is cancelled', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['hang']) })
  const underWay = fetch(`${plane.url}/mcp/old`, modernRequest(await plane.token(), 'tools/call', { name: 'hang', arguments: {} }))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(1)
  plane.use(killed)
  expect(await (await underWay).json()).toMatchObject({ error: { code: -32602 } })
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
})

test('so is one that waits for an answer which a modern client carries away', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['ask']) })
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities }
  const init = modernRequest(await plane.token(), 'tools/call', { name: 'ask', arguments: {}, _meta })
  const asked = await (await fetch(`${plane.url}/mcp/old`, init)).json()
  expect(asked).toMatchObject({ result: { resultType: 'input_required' } })
  plane.use(killed)
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
})

test('a question of a legacy server that its person is asked is answered by nobody once the server is switched off', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['ask']) })
  const call = await askedCall(plane, '/mcp/old', 'ask')
  plane.use(killed)
  await within(call.ended, 'the call to end')
  await call.answer()
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
  expect(server.seen.filter(({ body }) => body.result !== undefined)).toEqual([])
})

test('the connection on which a modern server works is closed', async () => {
  const closed = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  await using server = await modernServer(({ method }, say) => {
    if (method !== 'tools/call') return 'as usual'
    say.event({ jsonrpc: '2.0', method: 'com.example/begun' })
    say.response.once('close', () => closed.resolve())
    begun.resolve()
  })
  await using plane = await planeBefore({ old: aRemoteEntry(server.url, '2026-07-28', ['slow']) })
  const underWay = fetch(`${plane.url}/mcp/old`, modernRequest(await plane.token(), 'tools/call', { name: 'slow', arguments: {} }))
  await within(begun.promise, 'the call to reach its server')
  plane.use(killed)
  await within(closed.promise, 'the connection to be closed')
  expect(await (await underWay).text()).toContain('Unknown tool: slow')
})

test('a call that another plane handed on ends at the plane that makes it', async () => {
  await using server = await sdkServer(things)
  const remotes = { old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['hang']) }
  await using all = await neighbours({ grants: { old: { user: [{ level: 'destroy' }] } } }, [], remotes)
  const [home, other] = [await all.start('home'), await all.start('other')]
  const token = await home.token()
  const opened = await fetch(`${home.url}/mcp/old`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  await opened.text()
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const underWay = fetch(`${other.url}/mcp/old`, legacyRequest(token, 'tools/call', { name: 'hang', arguments: {} }, session))
  await expect.poll(() => server.sent('tools/call')).toHaveLength(1)
  all.use(killed)
  expect(await (await underWay).json()).toMatchObject({ error: { code: -32602, message: 'Unknown tool: hang' } })
  expect(callEnd(home)).toMatchObject({ outcome: 'unknown', reason: 'server-killed' })
})

test('a stream for changes leaves a server that is switched off, and listens to it again when it is back', async () => {
  const made = defineServer({ id: 'things', title: 'Things', settings: z.object({}), emits: ['updates'] })
  const uri = 'x:y'
  const server = made.with(made.resource({ uri, name: 'r', description: 'A resource.', mimeType: 'text/plain', read: () => 'text' }))
  await using plane = await testPlane({ grants }, [server])
  const leaving = new AbortController()
  const wanted = { notifications: { resourceSubscriptions: [uri], resourcesListChanged: true } }
  const init = modernRequest(await plane.token(), 'subscriptions/listen', wanted)
  const stream = await fetch(`${plane.url}/mcp/things`, { ...init, signal: leaving.signal })
  let heard = ''
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) heard += Buffer.from(chunk).toString()
  })().catch(() => undefined)
  const updates = () => heard.split('notifications/resources/updated').length - 1
  await expect.poll(() => heard).toContain('acknowledged')
  made.changes.updated(uri)
  await expect.poll(updates).toBe(1)
  plane.use({ revoked: { killed: ['things'] }, revision: 2 })
  await expect.poll(() => heard).toContain('notifications/resources/list_changed')
  made.changes.updated(uri)
  plane.use({ revision: 3 })
  await expect.poll(updates).toBe(2) // something may have been missed: it is told once it may be heard again
  made.changes.updated(uri)
  await expect.poll(updates).toBe(3)
  leaving.abort()
  await within(reading, 'the stream to end')
})

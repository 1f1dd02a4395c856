import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { CreateMessageResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { MAX_QUESTION_CHARS } from '../protocol/input-capability.ts'
import { unawaited } from '../runtime/awaitable.ts'
import { defineServer } from '../server-kit/define.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { askForm, inputRequired } from '../server-kit/input-required.ts'
import { legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane, TestPlaneOptions } from '../testing/plane.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { said, things } from '../upstream/legacy/testing-things.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }
const megabyte = 'x'.repeat(1_000_000)
const capabilities = { elicitation: { form: {} } }
const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': capabilities,
}

/** A server whose tool says so many megabytes without waiting for its client, and then asks, or waits to be stopped. */
function loudServer(megabytes: number, end: 'asks' | 'waits') {
  const said = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  const server = defineServer({ id: 'things', title: 'Things', settings: z.object({}) })
  const tool = server.tool({
    name: 'get_thing',
    description: 'Talks, then asks.',
    level: 'read',
    input: z.strictObject({}),
    output: z.object({ text: z.string() }),
    async run(_args, context) {
      context.signal.addEventListener('abort', () => stopped.resolve())
      for (let at = 0; at < megabytes; at++) unawaited(context.notify({ method: 'com.example/news', params: { megabyte } }))
      said.resolve()
      if (end === 'waits') await stopped.promise
      return context.inputResponses ? { text: 'answered' } : inputRequired({ q: askForm('Who?', { a: { type: 'string' } }) })
    },
  })
  return { server: server.with(tool), said: said.promise, stopped: stopped.promise }
}

/** Sends the request on a connection of its own and never reads the answer. */
function sendUnread(plane: TestPlane, { headers, body }: { headers?: unknown; body: string }): Socket {
  const { hostname, port } = new URL(plane.url)
  const socket = connect(Number(port), hostname).pause()
  const lines = Object.entries(headers as Record<string, string>).map(([name, value]) => `${name}: ${value}`)
  socket.write(
    `POST /mcp/things HTTP/1.1\r\nhost: ${hostname}\r\n${lines.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  return socket.on('error', () => undefined)
}

async function aSession(plane: TestPlane, token: string): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'c', version: '1' } }
  const opened = await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'initialize', params))
  await opened.text()
  return { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
}

const aPlane = (server: MountedServer, options: TestPlaneOptions = {}) => testPlane({ grants }, [server], {}, undefined, options)

const outcome = (plane: TestPlane) => plane.records().find(({ header }) => header.method === 'tools/call')?.header.reason

const cancel = (plane: TestPlane, token: string, session: Record<string, string>) =>
  fetch(`${plane.url}/mcp/things`, {
    ...legacyRequest(token, 'x', {}, session),
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
  })

test.for<[string, (plane: TestPlane, token: string, session: Record<string, string>) => Promise<Response>]>([
  ['it cancels', cancel],
  [
    'its session is ended',
    (plane, token, session) =>
      fetch(`${plane.url}/mcp/things`, { method: 'DELETE', headers: { ...session, authorization: `Bearer ${token}` } }),
  ],
])('a question that its legacy client never reads ends as soon as %s, and nothing else does', async ([, giveUp]) => {
  const { server, said } = loudServer(6, 'asks')
  await using plane = await aPlane(server)
  const token = await plane.token()
  const session = await aSession(plane, token)
  const socket = sendUnread(plane, legacyRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }, session))
  await within(said, 'the tool to have said it all')
  // The connection is full: the question waits behind what the client does not take.
  expect((await giveUp(plane, token, session)).ok).toBe(true)
  await expect.poll(() => outcome(plane)).toBe('cancelled')
  const other = await aSession(plane, token)
  expect((await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'ping', {}, other))).status).toBe(200)
  socket.destroy()
})

test('a modern client that never reads what it is asked, and leaves, ends nothing but its call', async () => {
  const { server, said, stopped } = loudServer(6, 'waits')
  await using plane = await aPlane(server)
  const socket = sendUnread(plane, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {}, _meta }))
  await within(said, 'the tool to have said it all')
  socket.destroy()
  await within(stopped, 'the tool to be stopped')
  await expect.poll(() => outcome(plane)).toBe('cancelled')
  expect((await fetch(`${plane.url}/health`)).status).toBe(200)
})

test('a call that is cancelled while its question is on the way out asks nobody, and ends', async () => {
  const { server } = loudServer(0, 'asks')
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  await using plane = await aPlane(server, {
    moreFilters: [
      async (outgoing) => {
        if (outgoing.value['resultType'] !== 'input_required') return outgoing
        reached.resolve()
        await goOn.promise
        return outgoing
      },
    ],
  })
  const token = await plane.token()
  const session = await aSession(plane, token)
  const answer = fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }, session))
  await within(reached.promise, 'the question to be filtered')
  await cancel(plane, token, session)
  goOn.resolve()
  const text = await (await within(answer, 'the call to end')).text()
  expect(text).not.toContain('elicitation/create')
  expect(text).toContain('-31503')
  expect(outcome(plane)).toBe('cancelled')
})

test('a client that takes nothing of what waits for it is cut off after a while, and its call is stopped', async () => {
  const { server, stopped } = loudServer(6, 'waits')
  await using plane = await aPlane(server, { maxUnreadMs: 200 })
  const socket = sendUnread(plane, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {}, _meta }))
  await within(stopped, 'the tool to be stopped')
  await expect.poll(() => outcome(plane)).toBe('cancelled')
  socket.destroy()
})

test('a call that only takes its time is not cut off', async () => {
  const { server, said } = loudServer(0, 'waits')
  await using plane = await aPlane(server, { maxUnreadMs: 50 })
  const leaving = new AbortController()
  const init = modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {}, _meta })
  let over = false
  const call = fetch(`${plane.url}/mcp/things`, { ...init, signal: leaving.signal }).catch(() => undefined)
  const watched = call.then(() => (over = true))
  await within(said, 'the call to reach the tool')
  // Another connection is closed for being idle: by then this one has been as idle for as long.
  const idle = connect(Number(new URL(plane.url).port), '127.0.0.1')
  await within(new Promise((resolve) => idle.once('close', resolve)), 'the idle connection to be closed')
  expect(over).toBe(false)
  leaving.abort()
  await watched
})

test('a server that never waits for a client which reads nothing is stopped before it fills the memory', async () => {
  const { server, stopped } = loudServer(40, 'waits')
  await using plane = await aPlane(server)
  const socket = sendUnread(plane, modernRequest(await plane.token(), 'tools/call', { name: 'get_thing', arguments: {}, _meta }))
  await within(stopped, 'the tool to be stopped')
  await expect.poll(() => outcome(plane)).toBe('cancelled')
  socket.destroy()
})

test.for([
  { what: 'longer than anybody reads', form: askForm('x'.repeat(MAX_QUESTION_CHARS), { a: { type: 'string' } }), times: 1 },
  { what: 'more at once than a client is asked', form: askForm('Who?', { a: { type: 'string' } }), times: 17 },
])('a question $what is the fault of its server, and is put to nobody', async ({ form, times }) => {
  const made = defineServer({ id: 'things', title: 'Things', settings: z.object({}) })
  const tool = made.tool({
    name: 'get_thing',
    description: 'Asks.',
    level: 'read',
    input: z.strictObject({}),
    output: z.object({}),
    run: async () => inputRequired(Object.fromEntries(Array.from({ length: times }, (_, at) => [`q${at}`, form]))),
  })
  await using plane = await aPlane(made.with(tool))
  const token = await plane.token()
  const params = { name: 'get_thing', arguments: {} }
  const session = await aSession(plane, token)
  for (const init of [modernRequest(token, 'tools/call', { ...params, _meta }), legacyRequest(token, 'tools/call', params, session)]) {
    const { result } = (await (await fetch(`${plane.url}/mcp/things`, init)).json()) as { result: { content: { text: string }[] } }
    expect(result).toMatchObject({ isError: true })
    expect(result.content[0]?.text).toMatch(/^The MCP server asks.*\n\{"code":"too_large"/)
  }
  const reasons = plane.records().flatMap(({ header }) => (header.method === 'tools/call' ? [[header.outcome, header.reason]] : []))
  expect(reasons).toEqual([
    ['failed', 'too_large'],
    ['failed', 'too_large'],
  ])
})

test('a legacy server is told that its question is too large, and goes on', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.registerTool('ask-long', {}, async ({ sendRequest }) => {
      const content = { type: 'text' as const, text: 'x'.repeat(MAX_QUESTION_CHARS) }
      const request = {
        method: 'sampling/createMessage' as const,
        params: { messages: [{ role: 'user' as const, content }], maxTokens: 5 },
      }
      return said(String(await sendRequest(request, CreateMessageResultSchema).catch((error: unknown) => error)))
    })
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['ask-long']) })
  await using side = await legacyClient(plane, '/mcp/old', { sampling: {} })
  expect(JSON.stringify(await side.client.callTool({ name: 'ask-long' }))).toMatch(/-32602.*too large.* 1048576 characters at most/)
})

import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { aCall, aRequest, legacyServer } from '../testing.ts'

const json = { 'content-type': 'application/json' }
const says = (response: ServerResponse, message: object, status = 200) =>
  response.writeHead(status, json).end(JSON.stringify({ jsonrpc: '2.0', ...message }))
const error = (message: string) => ({ id: null, error: { code: -32_000, message } })

type Answer = (response: ServerResponse, id: unknown) => unknown
const result: Answer = (response, id) => says(response, { id, result: { content: [] } })

/** Keeps sessions until it forgets them all, and then answers as `unknown` says. */
async function forgetful(unknown: Answer, { call = result }: { call?: Answer } = {}) {
  const sessions = new Set<string>()
  let made = 0
  const server = await legacyServer((request, response, { id, method }) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    if (method === 'initialize') {
      sessions.add(`s${++made}`)
      response.setHeader('mcp-session-id', `s${made}`)
      const about = { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }
      return void says(response, { id, result: about })
    }
    if (!sessions.has(String(request.headers['mcp-session-id']))) return void unknown(response, id)
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'ping') return void says(response, { id, result: {} })
    call(response, id)
  })
  return Object.assign(server, { forget: () => sessions.clear() })
}

const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end()

test.for<[string, Answer]>([
  ['404', status(404)],
  ['410', status(410)],
  ['401', status(401)],
  ['400', status(400)],
  ['400 "not initialized"', (response) => says(response, error('Bad Request: Server not initialized'), 400)],
  ['400 "no valid session"', (response) => says(response, error('Bad Request: No valid session ID provided'), 400)],
  ['400 with the id of the request', (response, id) => says(response, { ...error('Invalid session ID'), id }, 400)],
])('a session that the server lost and answers with %s is opened again, and the call is made once', async ([, unknown]) => {
  let executed = 0
  const call: Answer = (response, id) => (executed++, result(response, id))
  await using server = await forgetful(unknown, { call })
  await server.upstream.request(aCall('hi'))
  server.forget()
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
  expect(executed).toBe(3)
  expect(server.sent('initialize')).toHaveLength(2)
})

test.for<[string, Answer]>([
  ['503', status(503)],
  ['500 "unknown session"', (response) => says(response, error('unknown session'), 500)],
  ['503 "unknown session"', (response) => response.writeHead(503).end('unknown session')],
  ['200 and an error', (response, id) => says(response, { ...error('Session not found'), id })],
  ['200 and an error without an id', (response) => says(response, error('Session not found'))],
])('after %s the session is opened again; a read is repeated, a call is not, and the next one works', async ([, unknown]) => {
  await using server = await forgetful(unknown)
  await server.upstream.request(aCall('hi'))
  server.forget()
  await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({
    name: 'UpstreamFault',
    publicMessage: 'The MCP server has ended the session.',
    retryable: true,
  })
  expect(server.sent('tools/call')).toHaveLength(2)
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
  server.forget()
  await expect(server.upstream.request(aRequest('resources/read', { uri: 'a://b' }))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.sent('initialize')).toHaveLength(3)
})

const inStream = (response: ServerResponse, message: object) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)

test('a session that is lost by an error in a stream is opened again for the next request', async () => {
  const unknown: Answer = (response, id) => inStream(response, { ...error('Received request before initialization was complete'), id })
  await using server = await forgetful(unknown)
  await server.upstream.request(aCall('hi'))
  server.forget()
  await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({ publicMessage: 'The MCP server has ended the session.' })
  expect(server.sent('tools/call')).toHaveLength(2)
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.sent('initialize')).toHaveLength(2)
})

test('an error in a stream that speaks of another session is passed on as it is', async () => {
  const call: Answer = (response, id) => inStream(response, { ...error('Your booking session has expired'), id })
  await using server = await forgetful(status(404), { call })
  await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({ name: 'UpstreamRpcError' })
  expect(server.sent('initialize')).toHaveLength(1)
  expect(server.sent('tools/call')).toHaveLength(1)
})

/** What a server or a proxy before it says after the tool has run. */
const afterTheWork: [string, Answer][] = [
  ['500', (response) => response.writeHead(500).end("sqlalchemy.exc: This Session's transaction has been rolled back")],
  ['502', (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>reset; X-Session: abc</html>')],
  ['504', (response) => response.writeHead(504).end('Gateway session timeout')],
  ['200', (response) => says(response, error('database session expired after commit'))],
  ['400', (response) => says(response, error('could not initialize printer'), 400)],
]

test.for(afterTheWork)('a call is made once when its failure, status %s, speaks of another session', async ([, call]) => {
  await using server = await forgetful(status(404), { call })
  await expect(server.upstream.request(aCall('pay'))).rejects.toThrow()
  expect(server.sent('tools/call')).toHaveLength(1)
  expect(server.sent('initialize')).toHaveLength(1)
})

test.for(afterTheWork)('… also by a server without session ids: status %s', async ([, call]) => {
  await using server = await legacyServer((_, response, { id, method }) => {
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'tools/call') return void call(response, id)
    says(response, { id, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } } })
  })
  await expect(server.upstream.request(aCall('pay'))).rejects.toThrow()
  expect(server.sent('tools/call')).toHaveLength(1)
})

test('calls at the same time open a lost session again once', async () => {
  await using server = await forgetful(status(401))
  await server.upstream.request(aCall('hi'))
  server.forget()
  await Promise.all(['a', 'b', 'c'].map((name) => server.upstream.request(aCall(name))))
  expect(server.sent('initialize')).toHaveLength(2)
})

test.for([
  ['401', 'secret_invalid', status(401)],
  ['503', 'upstream_down', status(503)],
  ['400', 'upstream_down', status(400)],
] as const)('an answer %s of the call itself, in a session that lives, is no loss', async ([, code, call]) => {
  await using server = await forgetful(status(404), { call })
  for (let time = 0; time < 3; time++) await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({ code })
  expect(server.sent('initialize')).toHaveLength(1)
  expect(server.sent('tools/call')).toHaveLength(3)
})

test('an error of the server that speaks of a session of its own is passed on as it is', async () => {
  const booking: Answer = (response, id) => says(response, { ...error('Your booking session has expired'), id })
  await using server = await forgetful(status(404), { call: booking })
  await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({
    name: 'UpstreamRpcError',
    message: expect.stringContaining('booking'),
  })
  expect(server.sent('initialize')).toHaveLength(1)
  expect(server.sent('tools/call')).toHaveLength(1)
})

test('a server that answers one method with 404 gets no new session for each call of it', async () => {
  await using server = await forgetful(status(404), { call: status(404) })
  for (let time = 0; time < 4; time++) await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({ code: 'upstream_down' })
  expect(server.sent('initialize')).toHaveLength(2)
})

test('a server that refuses everything for a while finds its session again', async () => {
  let ill = false
  let made = 0
  await using server = await legacyServer((_, response, { id, method }) => {
    if (ill) return void response.writeHead(503).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method !== 'initialize') return void result(response, id)
    response.setHeader('mcp-session-id', `s${++made}`)
    says(response, { id, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } } })
  })
  await server.upstream.request(aCall('hi'))
  ill = true
  await expect(server.upstream.request(aCall('hi'))).rejects.toMatchObject({ code: 'upstream_down' })
  ill = false
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
  expect(server.sent('tools/call').at(-1)?.headers['mcp-session-id']).toBe('s1')
})

test('a server without session ids that was restarted is initialized again', async () => {
  let initialized = false
  await using server = await legacyServer((_, response, { id, method }) => {
    if (method !== 'initialize' && !initialized) return void says(response, error('Bad Request: Server not initialized'), 400)
    if (id === undefined) return void response.writeHead(202).end()
    if (method !== 'initialize') return void result(response, id)
    initialized = true
    says(response, { id, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } } })
  })
  await server.upstream.request(aCall('hi'))
  initialized = false
  await expect(server.upstream.request(aCall('hi'))).resolves.toMatchObject({ value: { content: [] } })
})

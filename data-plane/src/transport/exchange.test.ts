import { expect, test } from 'vitest'
import { ISSUER } from '../testing/policy.ts'
import { ALICE, aServer, DAVE, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'

const grants = { things: { groups: [{ level: 'write' as const }] }, debug: { everyone: [{ level: 'read' as const }] } }

async function post(url: string, init: RequestInit) {
  const response = await fetch(url, init)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

test('a modern call is answered in the modern form', async () => {
  await using plane = await testPlane({ grants })
  const { status, body } = await post(
    `${plane.url}/mcp/debug`,
    modernRequest(await plane.token(), 'tools/call', { name: 'echo', arguments: { text: 'salam' } }),
  )
  expect(status).toBe(200)
  expect(body).toMatchObject({
    jsonrpc: '2.0',
    id: 1,
    result: { resultType: 'complete', structuredContent: { text: 'salam' }, content: [{ type: 'text', text: 'salam' }] },
  })
})

test('the aggregate joins server and tool, and calls by the joined name', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token()
  const list = await post(`${plane.url}/mcp`, modernRequest(token, 'tools/list'))
  expect(list.body.result.tools.map(({ name }: { name: string }) => name)).toEqual([
    'debug_echo',
    'debug_check_server',
    'debug_list_calls',
    'things_get_thing',
    'things_update_thing',
  ])
  expect(list.body.result).toMatchObject({ ttlMs: 0, cacheScope: 'private', resultType: 'complete' })
  const call = await post(`${plane.url}/mcp`, modernRequest(token, 'tools/call', { name: 'things_get_thing', arguments: { text: 'x' } }))
  expect(call.body.result.structuredContent).toEqual({ result: 'x' })
})

test('a legacy client initializes, and its session goes on; the version it asked for is kept where we speak it', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token()
  const url = `${plane.url}/mcp/debug`
  const opened = await post(
    url,
    legacyRequest(token, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'old', version: '1' } }),
  )
  expect(opened.body.result).toMatchObject({ protocolVersion: '2025-06-18', serverInfo: { name: 'debug' } })
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '', 'mcp-protocol-version': '2025-06-18' }
  const call = await post(url, legacyRequest(token, 'tools/call', { name: 'echo', arguments: { text: 'a' } }, session))
  expect(call.body.result).toEqual({ content: [{ type: 'text', text: 'a' }], structuredContent: { text: 'a' } })
  expect(plane.records().at(-1)?.header).toMatchObject({ client: 'test old/1', era: '2025-06-18', outcome: 'answered' })
})

test.for([
  ['2024-11-05', '2024-11-05'],
  ['2025-03-26', '2025-03-26'],
  ['2025-11-25', '2025-11-25'],
  ['2026-07-28', '2025-11-25'],
  ['1999-01-01', '2025-11-25'],
])('initialize with %s is answered with %s', async ([asked, given]) => {
  await using plane = await testPlane({ grants })
  const { body } = await post(`${plane.url}/mcp`, legacyRequest(await plane.token(), 'initialize', { protocolVersion: asked }))
  expect(body.result.protocolVersion).toBe(given)
})

test('a session serves the person it was sealed for, at its endpoint, unaltered, and nobody else', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token()
  const opened = await post(`${plane.url}/mcp/debug`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const id = opened.headers.get('mcp-session-id') ?? ''
  const ask = (path: string, bearer: string, session: string) =>
    post(`${plane.url}${path}`, legacyRequest(bearer, 'tools/list', {}, { 'mcp-session-id': session }))
  expect((await ask('/mcp/debug', token, id)).status).toBe(200)
  expect((await ask('/mcp', token, id)).status).toBe(404)
  expect((await ask('/mcp/debug', await plane.token({ sub: DAVE }), id)).status).toBe(404)
  const altered = id.slice(0, -2) + (id.endsWith('AA') ? 'BB' : 'AA')
  expect((await ask('/mcp/debug', token, altered)).status).toBe(404)
  expect((await ask('/mcp/debug', token, 'nonsense')).body.error.code).toBe(-31404)
})

test('a tool that may not be called answers the very bytes of one that does not exist', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token()
  const ask = async (name: string) => {
    const response = await fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name }))
    return { status: response.status, text: await response.text() }
  }
  const refused = await ask('delete_thing')
  const absent = await ask('delete_thang')
  expect(refused).toEqual({ status: 200, text: absent.text.replace('delete_thang', 'delete_thing') })
  expect(JSON.parse(refused.text).error).toEqual({ code: -32602, message: 'Unknown tool: delete_thing' })
  const reasons = plane.records().map(({ header }) => header.reason)
  expect(reasons).toEqual(['level-too-low', 'unknown-tool'])
})

test('a server without a grant and a server that is not there look the same', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token({ sub: DAVE })
  const ask = async (path: string) => (await fetch(`${plane.url}${path}`, modernRequest(token, 'tools/list'))).text()
  expect(await ask('/mcp/debug')).toBe(await ask('/mcp/nothing-here'))
})

test.for(['GET', 'DELETE', 'PUT'])('%s without a session is not allowed, and no case for the record', async (method) => {
  await using plane = await testPlane({ grants })
  const authorization = `Bearer ${await plane.token()}`
  const response = await fetch(`${plane.url}/mcp`, { method, headers: { authorization } })
  expect(response.status).toBe(405)
  expect(plane.records()).toEqual([])
})

test.for(
  ['GET', 'DELETE', 'PUT', 'HEAD', 'POST'].flatMap((method) =>
    ['/mcp', '/mcp/nosuch', '/mcp/No.Such', '/mcp/sql/sse'].map((path) => [method, path]),
  ),
)('%s %s without a good token is 401 before anything else', async ([method = '', path = '']) => {
  await using plane = await testPlane({ grants })
  for (const headers of [{}, { authorization: 'Bearer x' }]) {
    const response = await fetch(`${plane.url}${path}`, { method, headers })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('resource_metadata=')
  }
})

test.for([
  ['GET', '/sse', 404, '/mcp'],
  ['POST', '/sse', 404, '/mcp'],
  ['POST', '/messages?sessionId=1', 404, '/mcp'],
  ['GET', '/mcp', 405, '/mcp'],
  ['GET', '/mcp/debug', 405, '/mcp/debug'],
] as const)('%s %s of a client of the older transport is told where Streamable HTTP is spoken, with a good token', async (asked) => {
  const [method, path, status, speaks] = asked
  await using plane = await testPlane({ grants })
  const accept = 'text/event-stream'
  expect((await fetch(plane.url + path, { method, headers: { accept } })).status).toBe(401)
  const response = await fetch(plane.url + path, { method, headers: { accept, authorization: `Bearer ${await plane.token()}` } })
  expect(response.status).toBe(status)
  const { error } = (await response.json()) as { error: { message: string } }
  expect(error.message).toMatch(/^This gateway speaks Streamable HTTP at https?:\/\/[^ ]+\. /)
  expect(error.message).toContain(`${speaks}. `)
})

test.for(['GET', 'POST'])(
  '%s at an address below /mcp that is none says so to a good token, and is no case for the record',
  async (method) => {
    await using plane = await testPlane({ grants })
    const response = await fetch(`${plane.url}/mcp/sql/sse`, { method, headers: { authorization: `Bearer ${await plane.token()}` } })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { message: 'MCP is served at /mcp and /mcp/{server}.' } })
    expect(plane.records()).toEqual([])
  },
)

test.for(['/register', '/token', '/authorize'])('a client that looks for a sign-in at %s of the plane reads where it is', async (path) => {
  await using plane = await testPlane({ grants })
  const response = await fetch(`${plane.url}${path}`, { method: 'POST' })
  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({ error: 'invalid_request', error_description: expect.stringContaining(`That is ${ISSUER}. `) })
})

test('DELETE ends a legacy session', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token()
  const url = `${plane.url}/mcp/debug`
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const ended = await fetch(url, { method: 'DELETE', headers: { authorization: `Bearer ${token}`, ...session } })
  expect(ended.status).toBe(204)
  expect((await fetch(url, legacyRequest(token, 'tools/list', {}, session))).status).toBe(404)
})

test('an encoded Mcp-Name is compared decoded', async () => {
  await using plane = await testPlane({ grants })
  const encoded = `=?base64?${Buffer.from('echo').toString('base64')}?=`
  const { status } = await post(
    `${plane.url}/mcp/debug`,
    modernRequest(await plane.token(), 'tools/call', { name: 'echo', arguments: { text: '' } }, { 'mcp-name': encoded }),
  )
  expect(status).toBe(200)
})

const here = 'http://127.0.0.1:9/mcp/debug'
const metadata = 'resource_metadata="http://127.0.0.1:9/.well-known/oauth-protected-resource/mcp/debug"'

test.for([
  [
    'expired',
    { lateS: 660 },
    /^This token expired at \d\d:\d\d UTC on \d{4}-\d\d-\d\d\. Sign in again in your client, or get another with `bir token`\.$/,
  ],
  [
    'for another resource',
    { aud: 'https://elsewhere.example.com/mcp' },
    new RegExp(`^This token is for https://elsewhere.example.com/mcp, not for ${here}\\. `),
  ],
  ['for another server of ours', { aud: 'http://127.0.0.1:9/mcp/sql' }, /^This token is for http:\/\/127.0.0.1:9\/mcp\/sql, not for /],
  ['for the control plane', { aud: 'http://control.test/api' }, /^This token is for http:\/\/control.test\/api, not for /],
  ['for an address of odd letters', { aud: '"ə"\\' }, /^This token is for \?\?\?\?, not for /],
  ['of another scope', { scope: 'openid' }, /^This token is not for MCP\. /],
  ['of a person unknown', { sub: '01980000-0000-7000-8000-0000deadbeef' }, /^This gateway does not know the person of this token\. /],
] as const)('a token that is %s is refused with what is wrong, in the body and in the challenge', async ([, claims, sentence]) => {
  await using plane = await testPlane({ grants })
  const response = await fetch(`${plane.url}/mcp/debug`, modernRequest(await plane.token(claims), 'tools/list'))
  expect(response.status).toBe(401)
  const challenge = /^Bearer (.+), scope="mcp", error="invalid_token", error_description="([\x20\x21\x23-\x5b\x5d-\x7e]+)"$/.exec(
    response.headers.get('www-authenticate') ?? '',
  )
  expect(challenge?.[1]).toBe(metadata)
  expect(challenge?.[2]).toMatch(sentence)
  const { error } = (await response.json()) as { error: { code: number; message: string } }
  expect([error.code, error.message.replaceAll(/["\\ə]/g, '?')]).toEqual([-31401, challenge?.[2]])
})

test('a missing token, one that is no token, and a revoked one are told apart too; without a token the challenge has no error', async () => {
  await using plane = await testPlane({ grants, revoked: { tokens: ['j1'] } })
  const ask = async (authorization: string | undefined) => {
    const init = modernRequest(undefined, 'tools/list', {}, authorization === undefined ? {} : { authorization })
    const response = await fetch(`${plane.url}/mcp/debug`, init)
    const { error } = (await response.json()) as { error: { message: string } }
    return [response.status, error.message, response.headers.get('www-authenticate')]
  }
  expect(await ask(undefined)).toEqual([401, expect.stringMatching(/^The request has no token\. /), `Bearer ${metadata}, scope="mcp"`])
  expect(await ask('Basic eDp5')).toEqual([401, expect.stringMatching(/holds no bearer token/), expect.any(String)])
  expect(await ask('Bearer nope')).toEqual([401, expect.stringMatching(/is not of this gateway, or it is not whole/), expect.any(String)])
  const revoked = `Bearer ${await plane.token({ jti: 'j1' })}`
  expect(await ask(revoked)).toEqual([401, expect.stringMatching(/^This token was revoked\. /), expect.any(String)])
})

test('a token that expired and was altered is only said to be wrong: whoever forges one learns nothing', async () => {
  await using plane = await testPlane({ grants })
  const expired = await plane.token({ lateS: 660 })
  const altered = `${expired.slice(0, -5)}${expired.at(-5) === 'A' ? 'B' : 'A'}${expired.slice(-4)}`
  const response = await fetch(`${plane.url}/mcp/debug`, modernRequest(altered, 'tools/list'))
  expect(await response.text()).toMatch(/is not of this gateway, or it is not whole/)
})

test('a token altered in any character of its payload is refused', async () => {
  await using plane = await testPlane({ grants })
  const [head, payload = '', signature] = (await plane.token()).split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: DAVE })).toString('base64url')
  expect((await fetch(`${plane.url}/mcp`, modernRequest(`${head}.${forged}.${signature}`, 'tools/list'))).status).toBe(401)
})

test('a token for one server is good for that server alone', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token({ aud: 'http://127.0.0.1:9/mcp/debug' })
  expect((await fetch(`${plane.url}/mcp/debug`, modernRequest(token, 'tools/list'))).status).toBe(200)
  expect((await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list'))).status).toBe(401)
})

test('revoking a token, its session or its person ends it on the next call, though it verified before', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token({ jti: 'j1', sid: 's1' })
  const status = async () => (await fetch(`${plane.url}/mcp/debug`, modernRequest(token, 'tools/list'))).status
  expect(await status()).toBe(200)
  plane.use({ revoked: { tokens: ['j1'] } })
  expect(await status()).toBe(401)
  plane.use({ revoked: { sessions: ['s1'] } })
  expect(await status()).toBe(401)
  plane.use({ revoked: { epochs: { [ALICE]: Math.floor(Date.now() / 1000) + 60 } } })
  expect(await status()).toBe(401)
  plane.use({ disabled: ['alice'] })
  expect(await status()).toBe(403)
  plane.use({})
  expect(await status()).toBe(200)
})

test('a batch of 2025-03-26 is answered as a batch', async () => {
  await using plane = await testPlane({ grants })
  const token = await plane.token()
  const url = `${plane.url}/mcp/debug`
  const opened = await post(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-03-26' }))
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const messages = [
    { jsonrpc: '2.0', id: 'a', method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'nope' } },
  ]
  const { body } = await post(url, { ...legacyRequest(token, 'x', {}, session), body: JSON.stringify(messages) })
  expect(body).toEqual([
    { jsonrpc: '2.0', id: 'a', result: {} },
    { jsonrpc: '2.0', id: 2, error: { code: -32602, message: 'Unknown tool: nope' } },
  ])
})

test('the document of each endpoint names its own resource, and the authorization server', async () => {
  await using plane = await testPlane({ grants })
  const read = async (path: string) => (await fetch(`${plane.url}/.well-known/oauth-protected-resource${path}`)).json()
  expect(await read('/mcp/sql')).toEqual({
    resource: 'http://127.0.0.1:9/mcp/sql',
    authorization_servers: [ISSUER],
    scopes_supported: ['mcp'],
    bearer_methods_supported: ['header'],
    resource_name: 'Bir MCP: sql',
  })
  expect(await read('')).toMatchObject({ resource: 'http://127.0.0.1:9/mcp' })
})

test('whether a server exists is not told by its document: one that does not has the same, but for its name', async () => {
  await using plane = await testPlane({ grants })
  const read = async (server: string) => {
    const response = await fetch(`${plane.url}/.well-known/oauth-protected-resource/mcp/${server}`)
    return { status: response.status, text: (await response.text()).replaceAll(server, 'x') }
  }
  expect(await read('nosuch')).toEqual(await read('debug'))
  expect((await read('nosuch')).status).toBe(200)
})

test('calls over the rate are refused with 429 and when to come back', async () => {
  await using plane = await testPlane({ grants, settings: { ratePerSecond: 0.001, rateBurst: 2 } })
  const token = await plane.token()
  const answers = await Promise.all([1, 2, 3, 4].map(() => fetch(`${plane.url}/mcp/debug`, modernRequest(token, 'tools/list'))))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429])
  const refused = answers.find(({ status }) => status === 429)
  const seconds = Number(refused?.headers.get('retry-after'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(1000)
  expect(await refused?.json()).toMatchObject({ error: { message: `Too many calls. Try again in ${seconds} s.` } })
})

test('a page that may call is told so; a preflight says what it may send', async () => {
  await using plane = await testPlane({ grants })
  const origin = 'https://app.example.com'
  const preflight = await fetch(`${plane.url}/mcp`, { method: 'OPTIONS', headers: { origin } })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-headers')).toContain('Mcp-Method')
  const call = await fetch(`${plane.url}/mcp`, modernRequest(await plane.token(), 'tools/list', {}, { origin }))
  expect(call.headers.get('access-control-allow-origin')).toBe(origin)
})

/** Reads an open SSE answer until a message fits. */
async function heard(response: Response, fits: (message: { method?: string }) => boolean) {
  const reader = response.body?.getReader()
  let text = ''
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) throw new Error(`the stream ended after ${text}`)
    text += Buffer.from(value).toString()
    // The last line may have come in part.
    const lines = text.split('\n').slice(0, -1)
    const messages = lines.flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []))
    const found = messages.find(fits)
    if (found) return found
  }
}

test('a listener is told when a change of permission changes what they see, and of nothing else', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const stream = await fetch(
    `${plane.url}/mcp`,
    modernRequest(await plane.token(), 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
  )
  const acknowledged = await heard(stream.clone(), () => true)
  expect(acknowledged).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true }, _meta: { 'io.modelcontextprotocol/subscriptionId': 1 } },
  })
  plane.use({ settings: { callTimeoutMs: 9_000 } })
  plane.use({ grants: { things: { groups: [{ level: 'read' }] } } })
  const told = await heard(stream, ({ method }) => method === 'notifications/tools/list_changed')
  expect(told.params._meta['io.modelcontextprotocol/subscriptionId']).toBe(1)
})

test('a legacy session hears the same on its own stream', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token()
  const url = `${plane.url}/mcp/things`
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const session = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
  }
  const stream = await fetch(url, { headers: session })
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  plane.use({ grants: { things: { groups: [{ level: 'destroy' }] } } })
  expect(await heard(stream, ({ method }) => method === 'notifications/tools/list_changed')).toMatchObject({ jsonrpc: '2.0' })
})

test('a stream ends when its person is disabled', async () => {
  await using plane = await testPlane({ grants })
  const stream = await fetch(`${plane.url}/mcp`, modernRequest(await plane.token(), 'subscriptions/listen', { notifications: {} }))
  plane.use({ disabled: ['alice'] })
  expect(await stream.text()).toContain('acknowledged')
})

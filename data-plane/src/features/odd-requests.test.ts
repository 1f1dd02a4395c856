import { expect, test } from 'vitest'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const call = { name: 'things_get_thing', arguments: { text: 'hi' } }
const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } }

async function aPlane(server = aServer()): Promise<TestPlane> {
  return testPlane({ grants: { things: { user: [{ level: 'destroy' }] } } }, [server])
}

async function sessionOf(plane: TestPlane, params: Record<string, unknown> = initialize) {
  const { headers } = await fetch(`${plane.url}/mcp`, legacyRequest(await plane.token(), 'initialize', params))
  return { 'mcp-session-id': headers.get('mcp-session-id') ?? '' }
}

type Request = RequestInit & { body: string }
const withId = (request: Request, id: string): Request => ({ ...request, body: request.body.replace('"id":1,', `"id":${id},`) })

/** Two numbers of JavaScript, four ids. */
const longIds = ['9223372036854775807', '9223372036854775806', '-9007199254740993', '1'.repeat(309), `-${'9'.repeat(1023)}`]

test.for(['modern', 'legacy'] as const)('a %s client with ids of 19 digits and more gets them back as they were', async (era) => {
  await using plane = await aPlane()
  const token = await plane.token()
  const session = await sessionOf(plane)
  const request = (method: string, params: object) =>
    era === 'modern' ? modernRequest(token, method, { ...params }) : legacyRequest(token, method, { ...params }, session)
  for (const id of longIds) {
    const ask = async (asked: Request) => (await fetch(`${plane.url}/mcp`, withId(asked, id))).text()
    expect(await ask(request('tools/call', call))).toContain(`"id":${id},"result"`)
    expect(await ask(request('tools/list', {}))).toMatch(new RegExp(`"id":${id}[,}]`))
    expect(await ask(request('tools/call', { name: 'unknown_tool' }))).toContain(`"id":${id},`)
    expect(await ask(request('com.example/no', {}))).toContain(`"id":${id},"error"`)
  }
})

test('an id that is no whole number is refused', async () => {
  await using plane = await aPlane()
  for (const id of ['1.5', '1e400', 'true', '[1]', '{}', '1'.repeat(1025), `"${'x'.repeat(1025)}"`]) {
    const answer = await fetch(`${plane.url}/mcp`, withId(modernRequest(await plane.token(), 'tools/call', call), id))
    expect(await answer.json()).toMatchObject({
      id: null,
      error: { code: -32_600, message: expect.stringContaining('The id of a request') as string },
    })
  }
})

test('a long id names a call that is cancelled, and no other', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using plane = await aPlane(server)
  const token = await plane.token()
  const session = await sessionOf(plane)
  const send = (request: Request) => fetch(`${plane.url}/mcp`, request)
  const called = send(withId(legacyRequest(token, 'tools/call', call, session), '9223372036854775807'))
  await begun
  const cancel = (id: string) =>
    send({
      ...legacyRequest(token, '', {}, session),
      body: `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`,
    })
  expect((await cancel('9223372036854775806')).status).toBe(202)
  answer('done')
  expect(await (await called).text()).toContain('done')

  const waiting = aWaitingServer()
  await using other = await aPlane(waiting.server)
  const otherSession = await sessionOf(other)
  const asked = fetch(
    `${other.url}/mcp`,
    withId(legacyRequest(await other.token(), 'tools/call', call, otherSession), '9223372036854775807'),
  )
  await waiting.begun
  await fetch(`${other.url}/mcp`, {
    ...legacyRequest(await other.token(), '', {}, otherSession),
    body: '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9223372036854775807}}',
  })
  await within(
    asked.then((response) => response.text()),
    'the cancelled call to end',
  )
})

test('a stream for changes bears the long id of the request that opened it', async () => {
  await using plane = await aPlane()
  const request = modernRequest(await plane.token(), 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  const answer = await fetch(`${plane.url}/mcp`, withId(request, '9223372036854775807'))
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  const { value } = await within(reader.read(), 'the acknowledgement')
  expect(value).toContain('"io.modelcontextprotocol/subscriptionId":9223372036854775807')
  await reader.cancel()
})

test('every message of a batch keeps its long id', async () => {
  await using plane = await aPlane()
  const session = await sessionOf(plane, { ...initialize, protocolVersion: '2025-03-26' })
  const messages = longIds.map((id) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
  const request = legacyRequest(await plane.token(), '', {}, { ...session, 'mcp-protocol-version': '2025-03-26' })
  const answer = await (await fetch(`${plane.url}/mcp`, { ...request, body: `[${messages.join(', ')}]` })).text()
  for (const id of longIds) expect(answer).toContain(`"id":${id},"result"`)
})

test('a request may begin with a byte order mark', async () => {
  await using plane = await aPlane()
  const request = modernRequest(await plane.token(), 'tools/call', call)
  const answer = await fetch(`${plane.url}/mcp`, { ...request, body: `\ufeff${request.body}` })
  expect(await answer.text()).toContain('"id":1,"result"')
})

test('a client with long pictures and texts of itself gets a session of usual length, and is known by its name', async () => {
  await using plane = await aPlane()
  const icons = [{ src: `data:image/png;base64,${'A'.repeat(40_000)}` }]
  const clientInfo = {
    name: 'c',
    title: 'C',
    version: '1',
    description: 'd'.repeat(20_000),
    websiteUrl: `https://a.example/${'b'.repeat(2000)}`,
    icons,
  }
  const session = await sessionOf(plane, { ...initialize, clientInfo })
  expect(session['mcp-session-id'].length).toBeGreaterThan(100)
  expect(session['mcp-session-id'].length).toBeLessThan(1500)
  const answer = await fetch(`${plane.url}/mcp`, legacyRequest(await plane.token(), 'tools/call', call, session))
  expect(await answer.text()).toContain('"id":1,"result"')
})

test('a client that declares much that nobody here knows gets a session', async () => {
  await using plane = await aPlane()
  const much = { much: 'x'.repeat(3500) }
  const capabilities = { roots: {}, experimental: much, extensions: { 'com.example/x': much, 'io.modelcontextprotocol/ui': {} }, odd: much }
  const session = await sessionOf(plane, { ...initialize, capabilities })
  expect(session['mcp-session-id'].length).toBeLessThan(1500)
  const answer = await fetch(`${plane.url}/mcp`, legacyRequest(await plane.token(), 'tools/call', call, session))
  expect(await answer.text()).toContain('"id":1,"result"')
})

test('a client that declares more than a session can hold is told so', async () => {
  await using plane = await aPlane()
  const capabilities = { roots: { much: 'x'.repeat(5000) } }
  const answer = await fetch(`${plane.url}/mcp`, legacyRequest(await plane.token(), 'initialize', { ...initialize, capabilities }))
  expect(await answer.json()).toMatchObject({ error: { code: -32_602, message: expect.stringContaining('more capabilities') } })
})

import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { ALICE, DAVE, aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import type { PolicyParts } from '../testing/policy.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }
const jti = uuidv7()
const sid = uuidv7()
const claims = { jti, sid, client_id: 'an-assistant', act: { sub: 'service:nightly' } }
const stranger = uuidv7()

const refusals = (plane: TestPlane) => plane.records().flatMap(({ header }) => (header.outcome === 'refused' ? [header] : []))
const call = (token: string, headers = {}) => modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }, headers)

const cases: [reason: string, policy: PolicyParts, more: Parameters<TestPlane['token']>[0]][] = [
  ['token-revoked', { revoked: { tokens: [jti] } }, {}],
  ['session-revoked', { revoked: { sessions: [sid] } }, {}],
  ['token-before-epoch', { revoked: { epochs: { [ALICE]: 9_999_999_999 } } }, {}],
  ['token-expired', {}, { lateS: 660 }],
  ['token-wrong-audience', {}, { aud: 'http://127.0.0.1:9/mcp/meta' }],
  ['token-wrong-scope', {}, { scope: 'openid' }],
  ['token-invalid', {}, { nbf: 9_999_999_999 }],
  ['unknown-person', {}, { sub: stranger }],
  ['person-disabled', { disabled: ['alice'] }, {}],
]

test.for(cases)(
  'a call refused as %s is recorded with who holds the token, and the answer names nobody',
  async ([reason, policy, more]) => {
    await using plane = await testPlane({ grants, ...policy }, [aServer()])
    const token = await plane.token({ ...claims, ...more })
    const headers = { 'user-agent': 'agent/1', traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` }
    const response = await fetch(`${plane.url}/mcp/things`, call(token, headers))
    const told = (await response.text()) + JSON.stringify([...response.headers])
    for (const secret of [ALICE, 'alice', stranger, jti, sid, 'an-assistant', 'nightly']) expect(told).not.toContain(secret)
    await expect.poll(() => refusals(plane)).toHaveLength(1)
    const isKnown = more?.sub === undefined
    expect(refusals(plane)).toMatchObject([
      {
        v: 2,
        reason,
        subject: isKnown ? ALICE : stranger,
        ...(isKnown && { handle: 'alice' }),
        client: 'an-assistant',
        actor: 'service:nightly',
        tokenId: jti,
        sessionId: sid,
        method: 'tools/call',
        server: 'things',
        tool: 'get_thing',
        userAgent: 'agent/1',
        traceId: 'ab'.repeat(16),
      },
    ])
  },
)

test('a client of the older revisions, which says nothing in headers, is named too, and so is a tool of the aggregate', async () => {
  await using plane = await testPlane({ grants, revoked: { tokens: [jti] } }, [aServer()])
  const token = await plane.token(claims)
  await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'tools/call', { name: 'get_thing' }))
  await expect.poll(() => refusals(plane)).toMatchObject([{ handle: 'alice', tokenId: jti, server: 'things' }])
  expect(refusals(plane)[0]).not.toHaveProperty('method')
  const other = await plane.token({ ...claims, sub: DAVE })
  await fetch(`${plane.url}/mcp`, modernRequest(other, 'tools/call', { name: 'things_get_thing', arguments: {} }))
  await expect.poll(() => refusals(plane)[1]).toMatchObject({ handle: 'dave', server: 'things', tool: 'get_thing' })
})

test('a token whose signature does not hold names nobody, whatever it says', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  await using other = await testPlane({ grants }, [aServer()])
  expect((await fetch(`${plane.url}/mcp/things`, call(await other.token(claims)))).status).toBe(401)
  await expect.poll(() => refusals(plane)).toHaveLength(1)
  const [header] = refusals(plane)
  expect(header).toMatchObject({ reason: 'token-invalid', server: 'things' })
  for (const name of ['subject', 'handle', 'client', 'actor', 'tokenId', 'sessionId', 'method', 'tool'])
    expect(header).not.toHaveProperty(name)
})

test('a token that is revoked while the body arrives is recorded by its person', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token(claims)
  const { body, headers = {} } = call(token)
  const text = new TextEncoder().encode(body)
  const halves = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(text.slice(0, 10))
      // The plane has begun to read the body: it knows the caller.
      await expect.poll(() => plane.bodies.held).toBeGreaterThan(0)
      plane.use({ revoked: { tokens: [jti] } })
      controller.enqueue(text.slice(10))
      controller.close()
    },
  })
  const response = await fetch(`${plane.url}/mcp/things`, { method: 'POST', headers, body: halves, duplex: 'half' } as RequestInit)
  expect(response.status).toBe(401)
  await expect
    .poll(() => refusals(plane))
    .toMatchObject([{ reason: 'token-revoked', handle: 'alice', tokenId: jti, sessionId: sid, method: 'tools/call' }])
})

test('a person whose refused token is sent again and again fills no disk, and hides no other', async () => {
  await using plane = await testPlane({ grants, revoked: { tokens: [jti] } }, [aServer()])
  const [alices, daves] = [await plane.token(claims), await plane.token({ ...claims, sub: DAVE })]
  for (let sent = 0; sent < 60; sent += 20) await Promise.all(Array.from({ length: 20 }, () => fetch(`${plane.url}/mcp`, call(alices))))
  await fetch(`${plane.url}/mcp`, call(daves))
  const of = (handle: string) => refusals(plane).filter((header) => header.handle === handle)
  await expect.poll(() => of('alice').reduce((sum, { count = 1 }) => sum + count, 0), { timeout: 10_000 }).toBe(60)
  expect(of('alice').length).toBeLessThan(20)
  await expect.poll(() => of('dave')).toMatchObject([{ tokenId: jti }])
})

test('of two revoked tokens of one person, both are named, however often one of them is sent', async () => {
  const other = uuidv7()
  await using plane = await testPlane({ grants, revoked: { tokens: [jti, other] } }, [aServer()])
  const [noise, thiefs] = [await plane.token(claims), await plane.token({ ...claims, jti: other })]
  const loud = Array.from({ length: 20 }, () => fetch(`${plane.url}/mcp`, call(noise)))
  await Promise.all([...loud, fetch(`${plane.url}/mcp/things`, call(thiefs, { 'user-agent': 'thief/9' }))])
  const of = (tokenId: string) => refusals(plane).filter((header) => header.tokenId === tokenId)
  await expect.poll(() => of(jti).reduce((sum, { count = 1 }) => sum + count, 0)).toBe(20)
  for (const header of of(jti)) expect(header).toMatchObject({ handle: 'alice', sessionId: sid, reason: 'token-revoked' })
  expect(of(other)).toMatchObject([{ kind: 'call', handle: 'alice', userAgent: 'thief/9', server: 'things' }])
})

test('a call that is good has the session of its token in its record', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  expect((await fetch(`${plane.url}/mcp/things`, call(await plane.token(claims)))).status).toBe(200)
  await expect.poll(() => plane.records().map(({ header }) => [header.v, header.tokenId, header.sessionId])).toEqual([[2, jti, sid]])
})

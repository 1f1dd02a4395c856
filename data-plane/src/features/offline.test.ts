import { bindingOf } from '@bir/sdk/binding'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, onTestFinished, test, vi } from 'vitest'
import { within } from '../testing/waiting.ts'
import { aServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'

const grants = { things: { user: [{ level: 'destroy' as const }] } }
const minuteMs = 60_000

const aPlane = (settings: object = {}) => testPlane({ grants, settings }, [aServer()], {}, undefined, { behindProxy: true })

/** From now on the clock on the wall shows so much more. Timers go on as they did. */
function later(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })
  onTestFinished(() => void vi.useRealTimers())
}

const list = async (plane: TestPlane, token: string, headers = {}) =>
  (await fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/list', {}, headers))).status

const call = (plane: TestPlane, token: string, name: string) =>
  fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name, arguments: {} }))

test('while the control plane is away, a token that this plane accepted before is good for reading after its end', async () => {
  await using plane = await aPlane()
  const token = await plane.token()
  expect(await list(plane, token)).toBe(200)
  later(20 * minuteMs)
  expect(await list(plane, token)).toBe(401)
  plane.fresh.isAway = true
  expect(await list(plane, token)).toBe(200)
  expect((await call(plane, token, 'get_thing')).status).toBe(200)
  for (const tool of ['update_thing', 'delete_thing']) {
    const refused = await call(plane, token, tool)
    expect(refused.status).toBe(401)
    expect(await refused.text()).toMatch(/it is still good for reading alone/)
  }
  expect(plane.offline.calls).toBe(4)
  const reading = () => plane.records().filter(({ header }) => header.tool === 'get_thing' && header.outcome === 'answered')
  await expect.poll(() => reading().map(({ header }) => [header.v, header.offline])).toEqual([[2, true]])
  plane.fresh.isAway = false
  expect(await list(plane, token)).toBe(401)
})

test('calls by tokens that have not expired are not offline, also while the control plane is away', async () => {
  await using plane = await aPlane()
  plane.fresh.isAway = true
  expect((await call(plane, await plane.token(), 'update_thing')).status).toBe(200)
  expect(plane.offline.calls).toBe(0)
  await expect.poll(() => plane.records().map(({ header }) => [header.v, header.offline])).toContainEqual([1, undefined])
})

test('a token that this plane never saw before its end stays refused', async () => {
  await using plane = await aPlane()
  plane.fresh.isAway = true
  expect(await list(plane, await plane.token({ lateS: 660 }))).toBe(401)
})

test.for<[string, object, number, number]>([
  ['an hour unless set', {}, 40, 80],
  ['as long as is set', { offlineReadMs: 30 * minuteMs }, 35, 45],
  ['never longer than reading lasts', { staleReadMs: 25 * minuteMs }, 20, 30],
])('it lasts %s', async ([, settings, goodMinutes, overMinutes]) => {
  await using plane = await aPlane(settings)
  const token = await plane.token()
  await list(plane, token)
  plane.fresh.isAway = true
  later(goodMinutes * minuteMs)
  expect(await list(plane, token)).toBe(200)
  later((overMinutes - goodMinutes) * minuteMs)
  expect(await list(plane, token)).toBe(401)
})

test('0 switches it off', async () => {
  await using plane = await aPlane({ offlineReadMs: 0 })
  const token = await plane.token()
  await list(plane, token)
  plane.fresh.isAway = true
  later(11 * minuteMs)
  expect(await list(plane, token)).toBe(401)
})

test('what the plane knows of revocations, people and binding holds on', async () => {
  await using plane = await aPlane({ binding: 'ip' })
  const sid = uuidv7()
  const bnd = bindingOf(sid, { address: '203.0.113.7', userAgent: 'agent' }, { ipv4: 24, ipv6: 56 })
  const token = await plane.token({ sid, bnd })
  const at = (address: string) => list(plane, token, { 'x-forwarded-for': address })
  expect(await at('203.0.113.7')).toBe(200)
  plane.fresh.isAway = true
  later(20 * minuteMs)
  expect([await at('203.0.113.8'), await at('198.51.100.66')]).toEqual([200, 401])
  plane.use({ settings: { binding: 'ip' }, revoked: { sessions: [sid] } })
  expect(await at('203.0.113.7')).toBe(401)
  plane.use({ settings: { binding: 'ip' }, disabled: ['alice'] })
  expect(await at('203.0.113.7')).toBe(403)
})

test('a stream lives on while the control plane is away, and ends when it is back', async () => {
  await using plane = await aPlane()
  const token = await plane.token({ lateS: 605 })
  const url = `${plane.url}/mcp/things`
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  plane.fresh.isAway = true
  later(2 * minuteMs)
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '', authorization: `Bearer ${token}` }
  const stream = await fetch(url, { headers: { ...session, accept: 'text/event-stream' } })
  expect(stream.status).toBe(200)
  const ended = stream.text()
  plane.fresh.isAway = false
  await within(ended, 'the stream to end')
})

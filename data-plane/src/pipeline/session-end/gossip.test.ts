import { afterEach, expect, test, vi } from 'vitest'
import { aServer, aWaitingServer, legacyRequest } from '../../testing/plane.ts'
import type { TestPlane } from '../../testing/plane.ts'
import { neighbours } from '../../testing/neighbours.ts'
import { NEARLY_OVER_S, stopClock } from '../../testing/stopped-clock.ts'
import { within } from '../../testing/waiting.ts'
import { GOSSIP_PATH } from './gossip.ts'

const minuteMs = 60_000
const path = '/mcp/things'
const readers = { grants: { things: { user: [{ level: 'read' as const }] } } }

afterEach(() => {
  vi.useRealTimers()
})

const later = (byMs: number) => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs })

async function begin(plane: TestPlane): Promise<string> {
  const opened = await fetch(plane.url + path, legacyRequest(await plane.token(), 'initialize', { protocolVersion: '2025-11-25' }))
  await opened.text()
  return opened.headers.get('mcp-session-id') ?? ''
}

async function ping(plane: TestPlane, session: string): Promise<number> {
  plane.fresh.atMs = Date.now()
  return (await fetch(plane.url + path, legacyRequest(await plane.token(), 'ping', {}, { 'mcp-session-id': session }))).status
}

async function end(plane: TestPlane, session: string): Promise<number> {
  const headers = { authorization: `Bearer ${await plane.token()}`, 'mcp-session-id': session }
  return (await fetch(plane.url + path, { method: 'DELETE', headers })).status
}

test('a session that ended while a plane was down is over there from its first request on', async () => {
  await using all = await neighbours(readers, [aServer()])
  const home = await all.start('home')
  let other = await all.start('other')
  const session = await begin(home)
  expect([await ping(home, session), await ping(other, session)]).toEqual([200, 200])
  await all.stop('other')
  expect(await end(home, session)).toBe(204)
  other = await all.start('other')
  expect(other.sessions.ended.after('', 0).ended).toHaveLength(1)
  expect([await ping(home, session), await ping(other, session)]).toEqual([404, 404])
})

test('a session that ended through another plane while its home was down is over at its home too', async () => {
  await using all = await neighbours(readers, [aServer()])
  let home = await all.start('home')
  const other = await all.start('other')
  const session = await begin(home)
  await all.stop('home')
  expect(await end(other, session)).toBe(204)
  home = await all.start('home')
  expect([await ping(home, session), await ping(other, session)]).toEqual([404, 404])
})

test('a session that ended is over at a plane that starts again with nobody to ask', async () => {
  await using all = await neighbours(readers, [aServer()])
  let home = await all.start('home')
  const [session, kept] = [await begin(home), await begin(home)]
  await end(home, session)
  await all.stop('home')
  home = await all.start('home')
  expect([await ping(home, session), await ping(home, kept)]).toEqual([404, 200])
})

test('a plane that could not be reached when a session ended hears of it once it can', async () => {
  await using all = await neighbours(readers, [aServer()])
  const home = await all.start('home')
  const other = await all.start('other')
  const session = await begin(home)
  // As the home sees it, the others are nowhere; the other sees the home all the while.
  home.use({ planes: [] })
  expect(await end(home, session)).toBe(204)
  expect(await ping(other, session)).toBe(200)
  all.use({})
  await expect.poll(() => ping(other, session)).toBe(404)
})

test('what another plane serves of a session counts as its use; a session that is idle at its home is over everywhere', async () => {
  await using all = await neighbours(readers, [aServer()])
  const home = await all.start('home')
  const other = await all.start('other')
  const session = await begin(home)
  for (let round = 0; round < 3; round++) {
    later(50 * minuteMs)
    expect(await ping(other, session)).toBe(200)
    await expect.poll(() => home.sessions.idle(10 * minuteMs, Date.now())).toEqual([])
  }
  expect(await ping(home, session)).toBe(200)
  later(62 * minuteMs)
  await expect.poll(() => home.sessions.size).toBe(0)
  await expect.poll(() => other.sessions.ended.after('', 0).ended).toHaveLength(1)
  expect([await ping(home, session), await ping(other, session)]).toEqual([404, 404])
})

test('a call under way at another plane keeps the session from being idle', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using all = await neighbours(readers, [server])
  const home = await all.start('home')
  const other = await all.start('other')
  const session = await begin(home)
  const params = { name: 'get_thing', arguments: {} }
  const call = fetch(other.url + path, legacyRequest(await other.token(), 'tools/call', params, { 'mcp-session-id': session }))
  await within(begun, 'the call to reach the server')
  for (let round = 0; round < 3; round++) {
    later(50 * minuteMs)
    await expect.poll(() => home.sessions.idle(10 * minuteMs, Date.now())).toEqual([])
  }
  answer('late')
  expect(await (await call).text()).toContain('late')
  expect([await ping(home, session), await ping(other, session)]).toEqual([200, 200])
})

test('the stream of a session ends with its token at the plane that holds it and at the one the client came to', async () => {
  await using all = await neighbours(readers, [aServer()])
  const home = await all.start('home')
  const other = await all.start('other')
  const session = await begin(home)
  stopClock()
  const headers = { authorization: `Bearer ${await other.token({ lateS: NEARLY_OVER_S })}`, 'mcp-session-id': session }
  const stream = await fetch(other.url + path, { headers: { ...headers, accept: 'text/event-stream' } })
  expect(stream.status).toBe(200)
  expect(home.sessions.idle(0, Date.now() + minuteMs)).toEqual([])
  vi.useRealTimers()
  expect(await within(stream.text(), 'the stream to end with its token')).toBe('retry: 10000\n\n')
  await expect.poll(() => home.sessions.idle(0, Date.now() + minuteMs)).toHaveLength(1)
})

test('nobody but a plane of ours hears or tells of sessions', async () => {
  await using all = await neighbours(readers, [aServer()])
  const home = await all.start('home')
  const ask = (headers: Record<string, string>) =>
    fetch(home.internalUrl + GOSSIP_PATH, { method: 'POST', headers, body: JSON.stringify({ epoch: '', at: 0, used: [] }) })
  expect((await ask({})).status).toBe(403)
  expect((await ask({ 'bir-handed': 'a.b.c', authorization: `Bearer ${await home.token()}` })).status).toBe(403)
  expect((await fetch(home.url + GOSSIP_PATH, { method: 'POST', body: '{}' })).status).toBe(404)
})

import { GatewayError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { healthOf } from '../plane.ts'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'

const grants = { things: { user: [{ level: 'write' as const }] } }
const refused = { error: { code: -31503, message: 'Expelled.' } }
const expelled = () => new GatewayError('unavailable', 'expelled', { publicMessage: 'Expelled.', reason: 'plane-expelled' })
const call = { name: 'get_thing', arguments: {} }

test('an expelled plane refuses every call with a token or without, and records it', async () => {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token()
  const asks = [
    modernRequest(token, 'tools/call', call),
    modernRequest(undefined, 'tools/list'),
    legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
  ]
  const answers = () =>
    Promise.all(
      asks.map(async (init) => {
        const response = await fetch(`${plane.url}/mcp/things`, init)
        return [response.status, await response.text()] as const
      }),
    )
  expect((await answers()).map(([status]) => status)).toEqual([200, 401, 200])
  plane.refuse(expelled())
  for (const [status, text] of await answers()) expect([status, JSON.parse(text)]).toMatchObject([503, refused])
  const recorded = () => plane.records().filter(({ header }) => header.reason === 'plane-expelled' && header.outcome === 'refused')
  await expect.poll(recorded).not.toEqual([])
  plane.refuse()
  expect((await answers()).map(([status]) => status)).toEqual([200, 401, 200])
})

test('a call under way and streams of both eras end when the plane is expelled', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane({ grants }, [server])
  const token = await plane.token()
  const url = `${plane.url}/mcp/things`
  const underWay = fetch(url, modernRequest(token, 'tools/call', call))
  await within(begun, 'the call to reach its tool')
  const listening = await fetch(url, modernRequest(token, 'subscriptions/listen', { notifications: { toolsListChanged: true } }))
  const opened = await fetch(url, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }))
  await opened.text()
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
  }
  const stream = await fetch(url, { headers })
  expect([listening.status, stream.status]).toEqual([200, 200])

  plane.refuse(expelled())
  const ended = await within(underWay, 'the call to end')
  expect([ended.status, await ended.json()]).toMatchObject([503, refused])
  await within(Promise.all([listening.text(), stream.text()]), 'the streams to end')
  expect(plane.records().find(({ header }) => header.reason === 'plane-expelled')?.header).toMatchObject({ outcome: 'unknown' })
  expect((await fetch(url, { headers })).status).toBe(503)
  answer('')
})

test('the health of an expelled plane is not ok and says what to do, even while it holds a policy', () => {
  const feed = { held: { revision: 1 } as never }
  const facts = { expelled: 'Expelled. Join anew.', warning: 'unsent' }
  expect(healthOf(feed, false, facts)).toEqual({ ok: false, body: { status: 'expelled', why: 'Expelled. Join anew.', warning: 'unsent' } })
})

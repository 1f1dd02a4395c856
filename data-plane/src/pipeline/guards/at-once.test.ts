import type { GatewayError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { aServer, aWaitingServer, legacyRequest, modernRequest, testPlane } from '../../testing/plane.ts'
import type { TestPlane } from '../../testing/plane.ts'
import { within } from '../../testing/waiting.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { atOnce, CALLS_AT_ONCE } from './at-once.ts'

const grants = { things: { user: [{ level: 'read' as const }] } }

const callOf = (person: string, id: number | undefined = 1, callsAtOnce = 2) =>
  ({ id, method: 'tools/call', token: { subject: { id: person } }, policy: { settings: { callsAtOnce } } }) as unknown as Incoming &
    Authenticated

const answer = {} as Rendered

/** A guard, and calls that stay under way until they are told to end. */
function aGuard(maxInAll = 100) {
  const guard = atOnce({ ...CALLS_AT_ONCE, maxInAll })
  const begin = (person: string, id?: number) => {
    const ending = Promise.withResolvers<Rendered>()
    const running = Promise.resolve(guard(callOf(person, id), () => ending.promise))
    return { running, end: () => ending.resolve(answer) }
  }
  return { guard, begin }
}

const refused = (code: string, reason: string) => expect.objectContaining({ code, reason }) as GatewayError

test('a person has so many calls under way, and each that ends, in whichever way, makes room for another', async () => {
  const { guard, begin } = aGuard()
  const first = begin('ann')
  const failing = Promise.withResolvers<Rendered>()
  failing.promise.catch(() => undefined)
  const second = Promise.resolve(guard(callOf('ann'), () => failing.promise))
  expect(() => begin('ann')).toThrow(refused('rateLimited', 'rate-limited'))
  expect(() => begin('ann')).toThrow(expect.objectContaining({ retryAfterMs: 1_000, publicMessage: CALLS_AT_ONCE.tooMany }) as GatewayError)
  begin('ben')

  failing.reject(new Error('broken'))
  await expect(second).rejects.toThrow('broken')
  const third = begin('ann')
  expect(() => begin('ann')).toThrow(refused('rateLimited', 'rate-limited'))
  third.end()
  first.end()
  await Promise.all([first.running, third.running])

  // Neither an answer given at once nor a refusal further in leaves anything behind.
  for (let at = 0; at < 10; at++) {
    expect(guard(callOf('ann'), () => answer)).toBe(answer)
    expect(() => guard(callOf('ann'), thrown)).toThrow('no')
  }
})
const thrown = (): never => {
  throw new Error('no')
}

test('a notification always passes: it may be what ends a call', () => {
  const { guard, begin } = aGuard()
  begin('ann')
  begin('ann')
  const notification = { ...callOf('ann'), id: undefined, method: 'notifications/cancelled' }
  for (let at = 0; at < 5; at++) expect(guard(notification, () => answer)).toBe(answer)
})

test('when the plane is nearly full, the last eighth is kept for people who have nothing under way', () => {
  const { begin } = aGuard(16)
  for (let at = 0; at < 7; at++) for (let turn = 0; turn < 2; turn++) begin(`p${at}`)
  begin('ann')
  expect(() => begin('ann')).toThrow(refused('unavailable', 'plane-busy'))
  begin('ben')
  expect(() => begin('cid')).toThrow(refused('unavailable', 'plane-busy'))
})

test('a call over the bound is refused with 429 and when to come back, and the next after an answer is served', async () => {
  const { server, begun, answer } = aWaitingServer()
  await using plane = await testPlane({ grants, settings: { callsAtOnce: 1 } }, [server])
  const token = await plane.token()
  const call = () => fetch(`${plane.url}/mcp/things`, modernRequest(token, 'tools/call', { name: 'get_thing', arguments: {} }))
  const first = call()
  await within(begun, 'the call to reach the server')

  const second = await call()
  expect([second.status, second.headers.get('retry-after')]).toEqual([429, '1'])
  expect(await second.json()).toMatchObject({ error: { code: -31429, message: CALLS_AT_ONCE.tooMany } })
  answer('done')
  expect((await first).status).toBe(200)
  expect((await call()).status).toBe(200)
})

/** Opens as many listening streams as it is let, and gives the status of each attempt. */
const listenOften = ({ url }: TestPlane, token: string, count: number, signal: AbortSignal) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const request = modernRequest(token, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
      return fetch(`${url}/mcp/things`, { ...request, signal })
    }),
  )

test('streams over the bound are refused with 429 and when to come back, in both eras; a closed one makes room', async () => {
  await using plane = await testPlane({ grants, settings: { streamsAtOnce: 5 } }, [aServer()])
  const token = await plane.token()
  const leaving = new AbortController()
  const answers = await listenOften(plane, token, 40, leaving.signal)
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
  const refusals = answers.filter(({ status }) => status === 429)
  expect(refusals).toHaveLength(35)
  expect(refusals[0]?.headers.get('retry-after')).toBe('30')
  expect(await refusals[0]?.json()).toMatchObject({ error: { code: -31429 } })

  const opened = await fetch(`${plane.url}/mcp/things`, legacyRequest(token, 'initialize', { protocolVersion: '2025-11-25' }))
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'text/event-stream',
    'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
  }
  const get = async () => {
    const stream = await fetch(`${plane.url}/mcp/things`, { headers, signal: staying.signal })
    return stream.status
  }
  const staying = new AbortController()
  expect(await get()).toBe(429)
  leaving.abort()
  await expect.poll(get).toBe(200)
  staying.abort()
})

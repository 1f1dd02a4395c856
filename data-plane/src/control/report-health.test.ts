import { Ack } from '@bir/sdk/contract/internal'
import type { RemoteHealth } from '@bir/sdk/contract/internal'
import { expect, test } from 'vitest'
import { plainHealth } from '../upstream/upstream.ts'
import type { UpstreamHealth } from '../upstream/upstream.ts'
import { HealthReporter } from './report-health.ts'

/** A plane with these remote servers, whose posts are gathered while the control plane is there to take them. */
function aPlane(servers: Record<string, Partial<UpstreamHealth>>, secrets: string[] = []) {
  const posts: RemoteHealth[][] = []
  const paths: string[] = []
  const logged: string[] = []
  const state = { away: false, nowMs: 0 }
  const reporter = new HealthReporter({
    control: {
      async post(path, body) {
        if (state.away) throw new Error('away')
        const ack = Ack.parse(JSON.parse(String(body)))
        if ('health' in ack) posts.push(ack.health)
        paths.push(path)
        return { status: 204, headers: {}, bytes: Buffer.alloc(0) }
      },
    },
    health: () =>
      Object.entries(servers).map(([id, health]) => ({
        id,
        url: `http://${id}.test/mcp`,
        health: { ...plainHealth('unknown', undefined), ...health },
      })),
    secrets: { of: () => ({ values: secrets }) },
    log: (_level, message) => void logged.push(message),
    nowMs: () => state.nowMs,
  })
  return { servers, posts, paths, logged, state, tell: () => reporter.tell() }
}

test('what changed is told once, and everything again every minute', async () => {
  const plane = aPlane({ a: { state: 'up', era: 'modern', latencyMs: 1.234, lastSuccessAtMs: 5 }, b: {} })
  await plane.tell()
  await plane.tell()
  expect(plane.posts).toEqual([
    [
      { server: 'a', url: 'http://a.test/mcp', state: 'up', era: 'modern', breaker: 'closed', latencyMs: 1.2, lastSuccessAtMs: 5 },
      { server: 'b', url: 'http://b.test/mcp', state: 'unknown', breaker: 'closed' },
    ],
  ])

  plane.servers['b'] = { state: 'down', breaker: 'open', lastError: 'connection refused', lastErrorAtMs: 7 }
  plane.servers['a'] = { ...plane.servers['a'], latencyMs: 99, lastSuccessAtMs: 6 } // every call moves these
  plane.state.nowMs = 1000
  await plane.tell()
  expect(plane.posts.slice(1)).toMatchObject([
    [{ server: 'b', state: 'down', breaker: 'open', lastError: 'connection refused', lastErrorAtMs: 7 }],
  ])

  plane.state.nowMs = 60_000
  await plane.tell()
  expect(plane.posts.slice(2)).toMatchObject([[{ server: 'a', latencyMs: 99 }]])
})

test('while the control plane is away nothing is lost, it is not hammered, and the log says so once', async () => {
  const plane = aPlane({ a: { state: 'up' } })
  plane.state.away = true
  await plane.tell()
  plane.state.nowMs = 11_000
  await plane.tell()
  plane.state.away = false
  await plane.tell()
  expect(plane.posts).toEqual([])
  plane.state.nowMs = 22_000
  await plane.tell()
  expect(plane.posts).toMatchObject([[{ server: 'a', state: 'up' }]])
  expect(plane.logged).toEqual(['the control plane cannot be told how the servers are'])
})

test('a server that went and came back is told anew; many are told in several posts', async () => {
  const many = Object.fromEntries(Array.from({ length: 45 }, (_, at) => [`s-${at}`, { lastError: 'x'.repeat(2000) }]))
  const plane = aPlane(many)
  await plane.tell()
  expect(plane.posts.map(({ length }) => length)).toEqual([20, 20, 5])
  expect(plane.posts[0]?.[0]?.lastError).toHaveLength(500)
  const { 's-0': gone, ...rest } = many
  for (const id of Object.keys(many)) delete plane.servers[id]
  Object.assign(plane.servers, rest)
  await plane.tell()
  plane.servers['s-0'] = gone ?? {}
  await plane.tell()
  expect(plane.posts.slice(3)).toMatchObject([[{ server: 's-0' }]])
})

test('an error that quotes a secret is not told', async () => {
  const lastError = `broken protocol: Unexpected token 'T', "Token s3cr3t-value" is not valid JSON`
  const plane = aPlane({ a: { lastError } }, ['s3cr3t-value'])
  await plane.tell()
  expect(plane.posts).toMatchObject([[{ lastError: 'not shown: it repeats a secret' }]])
})

test('a server of the HTTP+SSE transport is reported as legacy, as earlier control planes take it, and named in the query', async () => {
  const plane = aPlane({ a: { state: 'up', era: 'sse' }, b: { state: 'up', era: 'legacy' }, c: { era: 'sse' } })
  await plane.tell()
  expect(plane.posts[0]?.map(({ era }) => era)).toEqual(['legacy', 'legacy', 'legacy'])
  plane.servers['a'] = { state: 'up', era: 'legacy' }
  await plane.tell()
  expect(plane.posts[1]).toMatchObject([{ server: 'a', era: 'legacy' }])
  expect(plane.paths).toEqual(['/acks?over-sse=a,c', '/acks'])
})

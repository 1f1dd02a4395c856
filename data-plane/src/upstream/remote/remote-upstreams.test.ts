import { expect, test } from 'vitest'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { ServerEntry } from '@bir/sdk/contract/snapshot'
import { aPolicy } from '../../testing/plane.ts'
import { SecretsInUse } from '../../secrets/in-use.ts'
import { noCallerSecrets } from './caller-secrets.ts'
import { RemoteUpstreams } from './remote-upstreams.ts'

const remote = (url: string): ServerEntry => ({ kind: 'remote', title: 'R', remote: RemoteSettings.parse({ url }), tools: {} })
const mounted: ServerEntry = { kind: 'mounted', title: 'M', settings: {}, tools: {} }

function aRegistry(first: Record<string, ServerEntry>) {
  const state = { policy: aPolicy({ servers: first }) }
  const world = {
    secrets: new SecretsInUse(
      () => Promise.resolve(''),
      () => undefined,
    ),
    callerSecrets: noCallerSecrets,
    readShared: () => Promise.resolve(''),
    log: () => undefined,
    nodeId: 'n1',
  }
  const upstreams = new RemoteUpstreams(world, () => state.policy)
  return {
    upstreams,
    use(servers: Record<string, ServerEntry>, callTimeoutMs = 30_000) {
      state.policy = aPolicy({ servers, settings: { callTimeoutMs } })
      upstreams.follow()
    },
    [Symbol.asyncDispose]: () => upstreams.close(),
  }
}

const a = 'http://127.0.0.1:1/mcp'
const b = 'http://127.0.0.1:2/mcp'

test('there is an upstream for every remote server of the policy, and for nothing else', async () => {
  await using at = aRegistry({ a: remote(a), m: mounted })
  expect(at.upstreams.get('a')).toBeDefined()
  expect(at.upstreams.get('m')).toBeUndefined()
  expect(at.upstreams.get('constructor')).toBeUndefined()
})

test('it stays the same while its settings are equal, whatever else changes', async () => {
  await using at = aRegistry({ a: remote(a) })
  const first = at.upstreams.get('a')
  at.use({ a: remote(a), b: remote(b) })
  expect(at.upstreams.get('a')).toBe(first)
})

test('changed settings, or another time-out of the gateway, make a new one and close the old', async () => {
  await using at = aRegistry({ a: remote(a) })
  const first = at.upstreams.get('a')
  at.use({ a: remote(b) })
  const second = at.upstreams.get('a')
  at.use({ a: remote(b) }, 1000)
  const third = at.upstreams.get('a')
  expect(new Set([first, second, third]).size).toBe(3)
})

test('what the policy no longer knows is closed, and made anew when it comes back', async () => {
  await using at = aRegistry({ a: remote(a) })
  const first = at.upstreams.get('a')
  at.use({})
  expect(at.upstreams.get('a')).toBeUndefined()
  at.use({ a: remote(a) })
  expect(at.upstreams.get('a')).not.toBe(first)
})

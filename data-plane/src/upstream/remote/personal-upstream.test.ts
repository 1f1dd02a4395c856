import type { IncomingHttpHeaders } from 'node:http'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { SecretsInUse } from '../../secrets/in-use.ts'
import { aPolicy } from '../../testing/plane.ts'
import { within } from '../../testing/waiting.ts'
import { sdkServer, sdkSseServer } from '../legacy/testing.ts'
import type { LegacyServer } from '../legacy/testing.ts'
import { things } from '../legacy/testing-things.ts'
import { aListener, aRequest, modernServer } from '../modern/testing.ts'
import { serverOf } from '../testing.ts'
import type { Upstream, UpstreamRequest } from '../upstream.ts'
import { RemoteUpstreams } from './remote-upstreams.ts'
import { somePeople } from './testing.ts'

const headers = { 'x-token': { secret: 'token', of: 'person' as const }, 'x-tenant': 'acme' }

/** The way to the server at this address for people with secrets of their own. */
function personalUpstream(url: string, era: RemoteSettings['era'], people = somePeople('ann', 'ben')) {
  const remote = RemoteSettings.parse({ url, era, headers, trust: 'off' })
  const state = { policy: aPolicy({ servers: { old: { kind: 'remote', title: 'Old', remote, tools: {} } } }) }
  const noFile = () => Promise.reject(new Error('no file of the gateway is read for a person'))
  const none = new SecretsInUse(noFile, () => undefined)
  const world = { secrets: none, callerSecrets: people.secrets, readShared: noFile, log: () => undefined, nodeId: 'n1' }
  const upstreams = new RemoteUpstreams(world, () => state.policy)
  return {
    ...people,
    upstream: upstreams.get('old') as Upstream,
    follow: () => upstreams.follow(),
    move(url: string) {
      const moved = RemoteSettings.parse({ ...remote, url })
      state.policy = aPolicy({ servers: { old: { kind: 'remote', title: 'Old', remote: moved, tools: {} } } })
      upstreams.follow()
      return upstreams.get('old') as Upstream
    },
    [Symbol.asyncDispose]: () => upstreams.close(),
  }
}

/** A call that says on whose behalf it is made, so that the server can compare. */
const callOf = (person: string, more: Parameters<typeof aRequest>[0] = {}, name = 'echo') =>
  aRequest({ person, method: 'tools/call', params: { name, arguments: { text: person, who: person } }, ...more })

interface Seen {
  readonly headers: IncomingHttpHeaders
  readonly port?: number | undefined
  readonly who: unknown
}

/** Every request carried one person's token; each call its caller's; no connection or session two people's. */
function expectNoneCrossed(seen: readonly Seen[], people: ReturnType<typeof somePeople>, names = ['ann', 'ben']): void {
  const ownerOf = ({ headers }: Seen) => names.find((name) => String(headers['x-token']).startsWith(`token-of-${name}-`))
  const owners = new Map<string, string | undefined>()
  for (const request of seen) {
    const owner = ownerOf(request)
    expect(owner, 'a request without the token of anybody').toBeDefined()
    if (request.who !== undefined) expect(request.who).toBe(owner)
    for (const way of [`port ${request.port}`, `session ${String(request.headers['mcp-session-id'])}`]) {
      if (way.endsWith('undefined')) continue
      expect(owners.get(way) ?? owner, `${way} of two people`).toBe(owner)
      owners.set(way, owner)
    }
  }
  expect(seen.filter(({ who }) => who !== undefined).length).toBeGreaterThan(30)
  expect(new Set(owners.values())).toEqual(new Set(names))
  expect(people.refused).toEqual([])
}

const seenOf = (server: LegacyServer): Seen[] =>
  server.seen.map(({ headers, port, body }) => {
    const args = body.params?.['arguments'] as { who?: unknown } | undefined
    return { headers, port, who: args?.who }
  })

/** Calls, cancelled calls, lists, introductions and subscriptions of both, all at once, in several rounds. */
async function hammer(upstream: Upstream, between: () => void = () => undefined): Promise<void> {
  const ask = async (request: UpstreamRequest) => upstream.request(request)
  for (let round = 0; round < 5; round++) {
    const work = ['ann', 'ben'].flatMap((person) => {
      const cancel = new Cancel()
      const hanging = ask(callOf(person, { cancel }, 'hang'))
      const listening = new Cancel()
      const asker = aRequest({ person })
      return [
        ...Array.from({ length: 5 }, () => ask(callOf(person))),
        ask(callOf(person, { session: `session-of-${person}` })),
        ask(aRequest({ person, method: 'tools/list', params: {} })),
        upstream.describe(asker),
        upstream.listen(aListener({ person, cancel: listening })).then(() => listening.abort(new Error('enough'))),
        upstream.notify(asker, { method: 'notifications/roots/list_changed' }),
        hanging.catch(() => 'cancelled'),
        ask(callOf(person)).then(() => cancel.abort(new Error('enough'))),
      ]
    })
    if (round === 3) between()
    await within(Promise.allSettled(work), 'the requests of both')
  }
}

test.for(['2026-07-28', 'auto'] as const)(
  'a modern server (era %s) is sent each caller’s own token, whatever else is under way',
  async (era) => {
    const seen: Seen[] = []
    await using server = await modernServer((asked, say) => {
      const args = asked.params['arguments'] as { who?: unknown } | undefined
      seen.push({ headers: asked.headers, port: say.response.socket?.remotePort, who: args?.who })
      if (asked.method === 'subscriptions/listen') {
        say.event({
          jsonrpc: '2.0',
          method: 'notifications/subscriptions/acknowledged',
          params: { notifications: { toolsListChanged: true } },
        })
        return
      }
      if (asked.method !== 'tools/call') return 'as usual'
      if (asked.params['name'] === 'hang') return
      say.result({ resultType: 'complete', content: [] })
    })
    await using people = personalUpstream(`${server.url}/mcp`, era)
    await hammer(people.upstream)
    expectNoneCrossed(seen, people)
  },
)

test.for(['legacy', 'auto'] as const)(
  'a legacy server (era %s) is sent each caller’s own token, also when it forgets its sessions',
  async (era) => {
    await using server = await sdkServer(things)
    await using people = personalUpstream(`${server.url}/mcp`, era)
    await hammer(people.upstream, () => server.forget())
    await people.upstream.endSession(aRequest({ person: 'ann', session: 'session-of-ann' }))
    expectNoneCrossed(seenOf(server), people)
  },
)

test('a server of the HTTP+SSE transport is sent each caller’s own token, also when its streams break', async () => {
  await using server = await sdkSseServer(things)
  await using people = personalUpstream(`${server.url}/mcp`, 'sse')
  await hammer(people.upstream, () => server.transports.forEach((transport) => void transport.close()))
  expectNoneCrossed(seenOf(server), people)
})

test('what a server says to one person in a session reaches nobody else who listens', async () => {
  await using server = await sdkServer(things)
  await using people = personalUpstream(`${server.url}/mcp`, 'legacy')
  const [ann, ben] = await Promise.all(['ann', 'ben'].map((person) => people.upstream.describe(aRequest({ person }))))
  expect(ann?.serverInfo).toEqual(ben?.serverInfo)
  expect(ann).not.toBe(ben)
  expect(
    server
      .sent('initialize')
      .map(({ headers }) => headers['x-token'])
      .sort(),
  ).toEqual([people.tokenOf('ann'), people.tokenOf('ben')])
})

test('a renewed secret is sent from the next request on, on connections and in sessions of its own', async () => {
  await using server = await sdkServer(things)
  await using people = personalUpstream(`${server.url}/mcp`, 'legacy')
  await people.upstream.request(callOf('ann'))
  people.renew('ann')
  await people.upstream.request(callOf('ann'))
  const calls = server.sent('tools/call')
  expect(calls.map(({ headers }) => headers['x-token'])).toEqual([people.tokenOf('ann', 1), people.tokenOf('ann', 2)])
  expect(new Set(calls.map(({ headers }) => headers['mcp-session-id'])).size).toBe(2)
  expect(new Set(calls.map(({ port }) => port)).size).toBe(2)
})

test('when a person has no secret any more, their streams end and nothing is sent for them', async () => {
  await using server = await sdkServer(things)
  await using people = personalUpstream(`${server.url}/mcp`, 'legacy')
  const ended = Promise.withResolvers<unknown>()
  await people.upstream.listen(aListener({ person: 'ann', onEnd: ended.resolve }))
  people.lose('ann')
  people.follow()
  await within(ended.promise, 'the end of the stream')
  const sent = server.seen.length
  await expect(people.upstream.request(callOf('ann'))).rejects.toMatchObject({ code: 'secret_missing' })
  await expect(people.upstream.describe(aRequest({ person: 'gateway' }))).rejects.toMatchObject({ code: 'secret_missing' })
  expect(server.seen.slice(sent).filter(({ http }) => http !== 'DELETE')).toEqual([])
})

test('a secret that was saved for the new address of a server never goes to the old one, whoever still holds that', async () => {
  const [before, after]: [Seen[], Seen[]] = [[], []]
  const noting = (seen: Seen[]) =>
    modernServer((asked, say) => {
      seen.push({ headers: asked.headers, who: undefined })
      if (asked.method !== 'tools/call') return 'as usual'
      say.result({ resultType: 'complete', content: [] })
    })
  await using old = await noting(before)
  await using moved = await noting(after)
  await using people = personalUpstream(`${old.url}/mcp`, '2026-07-28')
  await people.upstream.request(callOf('ann'))
  const here = people.move(`${moved.url}/mcp`)
  people.renew('ann')
  await expect(people.upstream.request(callOf('ann'))).rejects.toMatchObject({ code: 'upstream_down', retryable: true })
  await expect(people.upstream.listen(aListener({ person: 'ann' }))).rejects.toMatchObject({ code: 'upstream_down' })
  await here.request(callOf('ann'))
  const sentTo = (seen: Seen[]) => [...new Set(seen.map(({ headers: sent }) => sent['x-token']))]
  expect([sentTo(before), sentTo(after)]).toEqual([[people.tokenOf('ann', 1)], [people.tokenOf('ann', 2)]])
})

test('a token that the server does not accept is its person’s to renew, and says nothing of the server', async () => {
  await using server = await serverOf((request, response) => {
    const isAnn = String(request.headers['x-token']).startsWith('token-of-ann')
    response.writeHead(isAnn ? 401 : 403, { 'www-authenticate': 'Bearer' }).end()
  })
  await using people = personalUpstream(`${server.url}/mcp`, '2026-07-28')
  const refusal = { code: 'secret_invalid', message: 'The MCP server does not accept your secret.', hint: 'Save a new one.' }
  for (let time = 0; time < 10; time++) await expect(people.upstream.request(callOf('ann'))).rejects.toMatchObject(refusal)
  expect(people.refused[0]).toEqual({ place: { holder: { kind: 'person', id: 'ann' }, server: 'old' }, version: 1 })
  people.refused.length = 0
  await expect(people.upstream.request(callOf('ben'))).rejects.toMatchObject({ code: 'scope_missing' })
  expect(people.refused).toEqual([])
  expect(people.upstream.health()).toMatchObject({ state: 'unknown', breaker: 'closed', lastError: undefined })
})

test('a redirect takes nobody’s token anywhere', async () => {
  const elsewhere: unknown[] = []
  await using other = await serverOf((request, response) => {
    elsewhere.push(request.headers)
    response.writeHead(200).end()
  })
  await using server = await serverOf((_, response) => response.writeHead(307, { location: other.url }).end())
  for (const era of ['2026-07-28', 'legacy', 'sse', 'auto'] as const) {
    await using people = personalUpstream(`${server.url}/mcp`, era)
    await expect(people.upstream.request(callOf('ann'))).rejects.toThrow()
  }
  expect(elsewhere).toEqual([])
})

import { request as httpRequest } from 'node:http'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { RemoteEntry } from '@bir/sdk/contract/snapshot'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { ALICE, DAVE, modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { legacyClient } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'
import { sdkServer, sdkSseServer } from '../upstream/legacy/testing.ts'
import { things } from '../upstream/legacy/testing-things.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import type { Asked, Say } from '../upstream/modern/testing.ts'
import { serverOf } from '../upstream/testing.ts'

const people = { alice: ALICE, dave: DAVE } as const
type Name = keyof typeof people
const names = ['alice', 'dave'] as const

/** What each person's requests are sent with; plainly fake. */
const tokenOf = (name: Name, version = 1) => `fake-token-of-${name}-${version}`
const nameOf = (token: unknown) => names.find((name) => String(token).startsWith(`fake-token-of-${name}-`))

const anEntry = (url: string, era: RemoteSettings['era']): RemoteEntry => ({
  kind: 'remote',
  title: 'Things',
  remote: RemoteSettings.parse({ url: `${url}/mcp`, era, headers: { 'x-token': { secret: 'token', of: 'person' } } }),
  tools: Object.fromEntries(['echo', 'hang', 'common', 'hers'].map((name) => [name, { level: 'read' as const }])),
  secret: { order: ['person'] },
})

const grants = { things: { user: [{ level: 'read' as const }] } }
const usable = (version = 1) => ({ things: { version, state: SECRET_USABLE } })

/** A plane before this server for two people with secrets of their own, and what it was told of refused ones. */
async function aPlane(url: string, era: RemoteSettings['era']) {
  const rechecked: unknown[] = []
  const plane = await testPlane(
    { grants, daves: grants, secrets: { [ALICE]: usable(), [DAVE]: usable() } },
    [],
    { things: anEntry(url, era) },
    undefined,
    {
      readSecret: () => Promise.reject(new Error('no file is read for a person')),
      secretReader: {
        async read({ holder }, version) {
          const name = holder.kind === 'person' ? names.find((one) => people[one] === holder.id) : undefined
          return name && { token: tokenOf(name, version) }
        },
        close: async () => undefined,
      },
      recheck: async ({ place, version }) => void rechecked.push({ place, version }),
    },
  )
  return Object.assign(plane, { rechecked })
}

async function ask(plane: TestPlane, name: Name, method: string, params: object = {}, path = '/mcp/things'): Promise<string> {
  const token = await plane.token({ sub: people[name] })
  return (await fetch(plane.url + path, modernRequest(token, method, { ...params }))).text()
}

const call = (plane: TestPlane, name: Name, path = '/mcp/things', tool = 'echo') =>
  ask(plane, name, 'tools/call', { name: path === '/mcp' ? `things_${tool}` : tool, arguments: { text: name, who: name } }, path)

/** A call that its client gives up. */
async function giveUp(plane: TestPlane, name: Name): Promise<unknown> {
  const request = modernRequest(await plane.token({ sub: people[name] }), 'tools/call', { name: 'hang', arguments: { who: name } })
  return fetch(`${plane.url}/mcp/things`, { ...request, signal: AbortSignal.timeout(50) }).catch(() => 'given up')
}

/** Both people call, list, cancel and are introduced, at both endpoints, in both eras of clients, all at once. */
async function hammer(plane: TestPlane, between: () => void = () => undefined): Promise<string[]> {
  const answers: string[] = []
  for (let round = 0; round < 3; round++) {
    const work = names.flatMap((name) => [
      ...Array.from({ length: 6 }, (_, at) => call(plane, name, at % 2 === 0 ? '/mcp' : '/mcp/things')),
      ask(plane, name, 'tools/list'),
      ask(plane, name, 'tools/list', {}, '/mcp'),
      ask(plane, name, 'server/discover'),
      giveUp(plane, name).then(() => ''),
    ])
    if (round === 1) between()
    answers.push(...(await within(Promise.all(work), 'the answers')))
  }
  return answers
}

interface Seen {
  readonly token: unknown
  readonly who: unknown
  readonly session: unknown
}

/** Every request carried one person's token, each call its caller's, each session one person's. */
function expectNoneCrossed(seen: readonly Seen[]): void {
  const owners = new Map<unknown, Name | undefined>()
  for (const { token, who, session } of seen) {
    const owner = nameOf(token)
    expect(owner, 'a request without the token of anybody').toBeDefined()
    if (who !== undefined) expect(who).toBe(owner)
    if (session !== undefined) expect(owners.get(session) ?? owner).toBe(owner)
    owners.set(session, owner)
  }
  for (const name of names) expect(seen.filter(({ who }) => who === name).length).toBeGreaterThan(10)
}

const whoIn = (params: { [name: string]: unknown; arguments?: { who?: unknown } } | undefined) => params?.arguments?.who

const seenOf = (server: Awaited<ReturnType<typeof sdkServer>> | Awaited<ReturnType<typeof sdkSseServer>>): Seen[] =>
  server.seen.map(({ headers, body }) => ({ token: headers['x-token'], who: whoIn(body.params), session: headers['mcp-session-id'] }))

/** A modern server that repeats the token which it was sent, and lists one tool to alice alone. */
function repeating(asked: Asked, say: Say): unknown {
  const token = String(asked.headers['x-token'])
  if (asked.method === 'tools/list') {
    const tool = (name: string) => ({ name, description: 'A tool.', inputSchema: { type: 'object' } })
    const tools = [tool('common'), ...(nameOf(token) === 'alice' ? [tool('hers')] : [])]
    return say.result({ resultType: 'complete', tools, ttlMs: 0, cacheScope: 'private' })
  }
  if (asked.method !== 'tools/call') return 'as usual'
  if (asked.params['name'] !== 'hang') say.result({ resultType: 'complete', content: [{ type: 'text', text: `heard ${token}` }] })
}

test('two people hammer a modern server: each call carries its caller’s token, and no answer shows one', async () => {
  await using server = await modernServer(repeating)
  await using plane = await aPlane(server.url, 'auto')
  const answers = await hammer(plane)
  expectNoneCrossed(server.asked.map(({ headers, params }) => ({ token: headers['x-token'], who: whoIn(params), session: undefined })))
  expect(answers.join('')).toContain('heard •••')
  expect(answers.join('')).not.toContain('fake-token')
  expect(JSON.stringify(plane.records())).not.toContain('fake-token')
})

test('two people hammer a legacy server, which forgets its sessions meanwhile: each call carries its caller’s token', async () => {
  await using server = await sdkServer(things)
  await using plane = await aPlane(server.url, 'auto')
  await using alice = await legacyClient(plane, '/mcp/things')
  const calls = Array.from({ length: 5 }, () => alice.client.callTool({ name: 'echo', arguments: { text: 'alice', who: 'alice' } }))
  await hammer(plane, () => server.forget())
  await within(Promise.allSettled(calls), 'the calls of a legacy client')
  expectNoneCrossed(seenOf(server))
})

test('two people hammer a server of the HTTP+SSE transport, whose streams break meanwhile: each call carries its caller’s token', async () => {
  await using server = await sdkSseServer(things)
  await using plane = await aPlane(server.url, 'sse')
  await hammer(plane, () => server.transports.forEach((transport) => void transport.close()))
  expectNoneCrossed(seenOf(server))
})

test('a tool that the server lists to one person is listed to no other, at either endpoint', async () => {
  await using server = await modernServer(repeating)
  await using plane = await aPlane(server.url, '2026-07-28')
  for (const path of ['/mcp', '/mcp/things']) {
    expect(await ask(plane, 'alice', 'tools/list', {}, path)).toContain('hers')
    const daves = await ask(plane, 'dave', 'tools/list', {}, path)
    expect(daves).toContain('common')
    expect(daves).not.toContain('hers')
  }
})

test('a server that is switched off is sent nobody’s token', async () => {
  await using server = await sdkServer(things)
  await using plane = await aPlane(server.url, 'legacy')
  await call(plane, 'alice')
  plane.use({ revoked: { killed: ['things'] } })
  expect(await ask(plane, 'dave', 'tools/list')).not.toContain('echo')
  expect(await ask(plane, 'dave', 'tools/list', {}, '/mcp')).not.toContain('echo')
  expect(await call(plane, 'dave')).toContain('Unknown tool')
  // What may be under way for dave would have been there before this.
  plane.use({})
  await call(plane, 'alice')
  expect(server.seen.filter(({ headers }) => nameOf(headers['x-token']) === 'dave')).toEqual([])
})

test('a renewed secret is sent from the next call on; one that is gone takes its person’s tools with it', async () => {
  await using server = await modernServer(repeating)
  await using plane = await aPlane(server.url, '2026-07-28')
  await call(plane, 'alice')
  plane.use({ secrets: { [ALICE]: usable(2), [DAVE]: usable() } })
  await call(plane, 'alice')
  const sent = server.asked.filter(({ method }) => method === 'tools/call').map(({ headers }) => headers['x-token'])
  expect(sent).toEqual([tokenOf('alice', 1), tokenOf('alice', 2)])
  plane.use({ secrets: { [ALICE]: usable(2) } })
  expect(await ask(plane, 'dave', 'tools/list', {}, '/mcp')).not.toContain('common')
  expect(await call(plane, 'dave')).toContain('secret_missing')
  expect(server.asked.filter(({ headers }) => nameOf(headers['x-token']) === 'dave')).toEqual([])
})

/** Stands before a server, and answers 401 to requests with a token of `refused`. */
async function aGate(url: string) {
  const refused = new Set<unknown>()
  const server = await serverOf((request, response) => {
    if (refused.has(request.headers['x-token'])) return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    const { method, headers } = request
    const onward = httpRequest(new URL(request.url ?? '', url), { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response).on('close', () => answer.destroy())
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  return Object.assign(server, { refused })
}

const servers = {
  '2026-07-28': () => modernServer(repeating),
  legacy: () => sdkServer(things),
  sse: () => sdkSseServer(things),
} as const

test.for(['2026-07-28', 'legacy', 'sse'] as const)(
  'a token that a server (era %s) refuses from now on is said to be its person’s, and is tried again; the other person goes on',
  async (era) => {
    await using server = await servers[era]()
    await using gate = await aGate(server.url)
    await using plane = await aPlane(gate.url, era)
    expect(await call(plane, 'dave')).not.toContain('isError')
    gate.refused.add(tokenOf('dave'))
    expect(await call(plane, 'dave')).toContain('secret_invalid')
    await expect
      .poll(() => plane.rechecked, { message: 'the secret to be tried' })
      .toContainEqual({ place: { holder: { kind: 'person', id: DAVE }, server: 'things' }, version: 1 })
    const alices = await call(plane, 'alice')
    expect(alices).not.toContain('isError')
    expect(alices).toContain('"text"')
    expect(plane.rechecked).not.toContainEqual(
      expect.objectContaining({ place: { holder: { kind: 'person', id: ALICE }, server: 'things' } }),
    )
  },
)

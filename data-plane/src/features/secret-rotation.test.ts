import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { messagesIn } from '../testing/fidelity.ts'
import { modernRequest, testPlane } from '../testing/plane.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import type { Asked, Handle, Say } from '../upstream/modern/testing.ts'

const oldSecret = 'the-first-secret-value'
const newSecret = 'the-second-secret-value'

const sentKey = ({ headers }: Asked) => String(headers['x-api-key'])
const capabilities = { tools: {}, resources: { subscribe: true } }
const introduction = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities, ttlMs: 600_000, cacheScope: 'public' }
const list = { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' }

/** A server that refuses every secret but the newest, and a plane before it, which reads the secret from a store. */
async function aStoredSecret(handle: Handle) {
  const store = { value: oldSecret }
  const server = await modernServer((asked, say) => {
    if (handle(asked, say) !== 'as usual') return
    if (sentKey(asked) !== store.value) return say.response.writeHead(401).end()
    if (asked.method === 'server/discover') return say.result(introduction)
    say.result({ ...list, content: [{ type: 'text', text: `heard ${sentKey(asked)}` }] })
  })
  const remote = RemoteSettings.parse({ url: server.url, era: '2026-07-28', headers: { 'x-api-key': { secret: 'key' } } })
  const entry = { kind: 'remote' as const, title: 'Things', remote, tools: { say: { level: 'read' as const } } }
  const plane = await testPlane({ grants: { things: { user: [{ level: 'read' }] } } }, [], { things: entry }, undefined, {
    readSecret: () => Promise.resolve(store.value),
  })
  const ask = async (method: string, params: Record<string, unknown> = {}, path = '/mcp/things') =>
    (await fetch(plane.url + path, modernRequest(await plane.token(), method, params))).text()
  const call = (args: object = {}) => ask('tools/call', { name: 'say', arguments: args })
  return {
    plane,
    ask,
    call,
    /** Stores another secret, and waits until the plane has read it. */
    async rotate() {
      store.value = newSecret
      await expect.poll(() => call(), { message: 'a call with the new secret' }).toContain('heard •••')
    },
    async [Symbol.asyncDispose]() {
      await plane[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Answers the one request that the test picks only when the test says so. */
function aLateAnswer(isLate: (asked: Asked) => boolean, answer: Handle) {
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let isTaken = false
  const handle: Handle = (asked, say) => {
    if (isTaken || !isLate(asked)) return 'as usual'
    isTaken = true
    begun.resolve()
    return released.promise.then(() => answer(asked, say))
  }
  return { begun: begun.promise, release: released.resolve, handle }
}

const waits = ({ params }: Asked) => (params['arguments'] as { wait?: boolean } | undefined)?.wait === true
const result: Handle = (asked, say) => say.result({ ...list, content: [{ type: 'text', text: `heard ${sentKey(asked)}` }] })
const rpcError: Handle = (asked, { json }) => {
  const key = sentKey(asked)
  json(JSON.stringify({ jsonrpc: '2.0', id: asked.id, error: { code: -32_000, message: `bad ${key}`, data: { key } } }))
}
const introduce: Handle = (asked, say) => say.result({ ...introduction, instructions: `hello ${sentKey(asked)}` })
const contentType: Handle = (asked, say) => wrongType(`text/${sentKey(asked)}`, say)
const longContentType: Handle = (asked, say) => wrongType(`text/${'a'.repeat(75)}${sentKey(asked)}`, say)
const wrongType = (type: string, { response }: Say) => response.writeHead(200, { 'content-type': type }).end('x')

test.for<[string, Handle]>([
  ['a result', result],
  ['an error', rpcError],
  ['a header', contentType],
  ['a long header', longContentType],
])('%s of a call that was sent a secret before it was renewed does not show the old one', async ([, answer]) => {
  const late = aLateAnswer(waits, answer)
  await using given = await aStoredSecret(late.handle)
  const first = given.call({ wait: true })
  await late.begun
  await given.rotate()
  late.release()
  expect(await first).not.toContain('the-first')
  const records = JSON.stringify(given.plane.records())
  expect(records).toContain('"method":"tools/call"')
  expect(records).not.toContain('the-first')
})

test('neither does an error of a list', async () => {
  const late = aLateAnswer(({ method, params }) => method === 'tools/list' && params['cursor'] === 'x', rpcError)
  await using given = await aStoredSecret(late.handle)
  const first = given.ask('tools/list', { cursor: 'x' })
  await late.begun
  await given.rotate()
  late.release()
  expect(await first).not.toContain('the-first')
})

test.for(['/mcp/things', '/mcp'])('an introduction that is kept for longer than the secret does not show it at %s', async (path) => {
  await using given = await aStoredSecret((asked, say) => (asked.method === 'server/discover' ? introduce(asked, say) : 'as usual'))
  await expect.poll(() => given.ask('server/discover', {}, path), { message: 'the introduction' }).toContain('hello •••')
  await given.rotate()
  expect(await given.ask('server/discover', {}, path)).toContain('hello •••')
})

test('an introduction that was asked for before the secret was renewed does not show the old one', async () => {
  const late = aLateAnswer(({ method }) => method === 'server/discover', introduce)
  await using given = await aStoredSecret(late.handle)
  const first = given.ask('server/discover')
  await late.begun
  await given.rotate()
  late.release()
  expect(await first).not.toContain('the-first')
})

test('a stream that was opened with the old secret does not show it, for as long as it is open', async () => {
  let tell = () => {}
  await using given = await aStoredSecret((asked, say) => {
    if (asked.method !== 'subscriptions/listen') return 'as usual'
    const { notifications } = asked.params
    const _meta = { 'io.modelcontextprotocol/subscriptionId': asked.id }
    say.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications, _meta } })
    if (!JSON.stringify(notifications).includes('resourceSubscriptions')) return undefined
    const params = { uri: 'x:y', key: sentKey(asked), _meta }
    tell = () => say.event({ jsonrpc: '2.0', method: 'notifications/resources/updated', params })
    return undefined
  })
  const received: string[] = []
  const leave = new AbortController()
  const request = modernRequest(await given.plane.token(), 'subscriptions/listen', { notifications: { resourceSubscriptions: ['x:y'] } })
  const stream = await fetch(`${given.plane.url}/mcp/things`, { ...request, signal: leave.signal })
  void messagesIn(stream, async (message) => void received.push(message)).catch(() => undefined)
  await expect.poll(() => received.length, { message: 'the acknowledgement' }).toBe(1)
  await given.rotate()
  tell()
  await expect.poll(() => received.length, { message: 'the update' }).toBe(2)
  leave.abort()
  expect(received[1]).toContain('"key":"•••"')
})

test.for(['tools/list', 'prompts/list', 'server/discover'])('the record of %s that fails does not show the secret', async (failing) => {
  await using given = await aStoredSecret((asked, say) => (asked.method === failing ? contentType(asked, say) : 'as usual'))
  await given.ask(failing)
  const records = JSON.stringify(given.plane.records().map(({ header }) => header))
  expect(records).toContain('content type text/•••')
  expect(records).not.toContain(oldSecret)
})

import {
  ListRootsRequestSchema as ListRoots,
  McpError,
  RootsListChangedNotificationSchema as RootsChanged,
  SubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { modernRequest, SECRET } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import type { LegacyServer } from '../upstream/legacy/testing.ts'
import { said, things } from '../upstream/legacy/testing-things.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'

/** Both streams are open at the server: the gateway's own, by which it follows what there is, and the client's. */
const bothStreams = ({ seen }: LegacyServer) =>
  expect.poll(() => new Set(seen.filter(({ http }) => http === 'GET').map(({ headers }) => headers['mcp-session-id'])).size).toBe(2)

test.for(['/mcp/old', '/mcp'])(
  'at %s a question of a server outside any request is put to the client on its own stream, and answered',
  async (path) => {
    await using server = await sdkServer(() => {
      const made = things()
      made.server.setNotificationHandler(RootsChanged, async () => {
        const { roots } = await made.server.listRoots()
        const params = { names: roots.map(({ name }) => name) }
        await made.server.notification({ method: 'notifications/vendor/roots', params })
      })
      return made
    })
    await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
    const told = Promise.withResolvers<unknown>()
    await using side = await legacyClient(plane, path, { roots: { listChanged: true } }, (client) => {
      client.setRequestHandler(ListRoots, () => ({ roots: [{ uri: 'file:///a', name: 'a' }] }))
      client.fallbackNotificationHandler = async ({ method, params }) =>
        void (method.startsWith('notifications/vendor') && told.resolve(params))
    })
    await bothStreams(server)
    await side.client.sendRootsListChanged()
    expect(await within(told.promise, 'the server to tell what it was answered')).toEqual({ names: ['a'] })
  },
)

test('a question that a server takes back is taken back from the client', async () => {
  const takingBack = new AbortController()
  await using server = await sdkServer(() => {
    const made = things()
    made.server.setNotificationHandler(RootsChanged, async () => {
      await made.server.listRoots(undefined, { signal: takingBack.signal }).catch(() => undefined)
    })
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  const takenBack = Promise.withResolvers<unknown>()
  await using side = await legacyClient(plane, '/mcp/old', { roots: { listChanged: true } }, (client) =>
    client.setRequestHandler(ListRoots, async (_, { signal }) => {
      signal.addEventListener('abort', () => takenBack.resolve(signal.reason))
      takingBack.abort(new Error('never mind'))
      await takenBack.promise
      return { roots: [] }
    }),
  )
  await bothStreams(server)
  await side.client.sendRootsListChanged()
  expect(await within(takenBack.promise, 'the question to be taken back from the client')).toMatchObject({ name: 'AbortError' })
})

test('a log level set while the stream is open counts for the stream', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  await using side = await legacyClient(plane, '/mcp/old')
  await bothStreams(server)
  await side.client.setLoggingLevel('warning')
  await expect.poll(() => server.sent('logging/setLevel').map(({ body }) => body.params)).toEqual([{ level: 'warning' }])
})

test('a question nobody here knows is put to a legacy client by its legacy server', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['ask-vendor']) })
  await using side = await legacyClient(plane, '/mcp/old', {}, (client) => {
    client.fallbackRequestHandler = async ({ method, params }) => ({ word: `${method} ${JSON.stringify(params)}` })
  })
  expect(await side.client.callTool({ name: 'ask-vendor' })).toMatchObject(said('vendor/ask {"a":1}'))
})

test('what a legacy server says on a stream of its own reaches a legacy client on its stream', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.registerTool('tell', {}, async () => {
      await made.server.sendLoggingMessage({ level: 'info', data: 'by the way' })
      await made.server.createElicitationCompletionNotifier('e1')()
      return said('told')
    })
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['tell']) })
  const heard: string[] = []
  await using side = await legacyClient(plane, '/mcp/old', { elicitation: { url: {} } }, (client) => {
    client.fallbackNotificationHandler = async ({ method }) => void heard.push(method)
  })
  await bothStreams(server)
  await side.client.callTool({ name: 'tell' })
  await expect.poll(() => heard).toEqual(['notifications/message', 'notifications/elicitation/complete'])
})

test('a secret that a server cuts into two notifications on its own stream is hidden in both', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.registerTool('tell', {}, async () => {
      for (const data of [`it is ${SECRET.slice(0, 14)}`, `${SECRET.slice(14)}, is it not`, 'no more'])
        await made.server.sendLoggingMessage({ level: 'info', data })
      return said('told')
    })
    return made
  })
  const { remote, ...entry } = aRemoteEntry(`${server.url}/mcp`, 'legacy', ['tell'])
  await using plane = await planeBefore({ old: { ...entry, remote: { ...remote, headers: { 'x-api-key': { secret: 'key' } } } } })
  const heard: unknown[] = []
  await using side = await legacyClient(plane, '/mcp/old', {}, (client) => {
    client.fallbackNotificationHandler = async ({ params }) => void heard.push(params?.['data'])
  })
  await bothStreams(server)
  await side.client.callTool({ name: 'tell' })
  await expect.poll(() => heard).toEqual(['it is •••', '•••, is it not', 'no more'])
})

test('that a page was visited, for which 2026-07-28 has no word, is told to a legacy client and to no modern one', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.registerTool('visited', {}, async ({ sendNotification }) => {
      await sendNotification({ method: 'notifications/elicitation/complete', params: { elicitationId: 'e1' } })
      return said('told')
    })
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['visited']) })
  const heard: unknown[] = []
  await using side = await legacyClient(plane, '/mcp/old', { elicitation: { url: {} } }, (client) => {
    client.fallbackNotificationHandler = async ({ params }) => void heard.push(params)
  })
  await side.client.callTool({ name: 'visited' })
  await expect.poll(() => heard).toEqual([{ elicitationId: 'e1' }])
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
  }
  const init = modernRequest(await plane.token(), 'tools/call', { name: 'visited', _meta })
  expect(await (await fetch(`${plane.url}/mcp/old`, init)).json()).toMatchObject({ result: said('told') })
  expect(plane.dropped.counts).toEqual({ 'era-has-none': 1 })
})

test('a subscription that the server does not honour is refused, once the session listens', async () => {
  await using server = await sdkServer(() => {
    const made = things()
    made.server.registerCapabilities({ resources: { subscribe: true } })
    made.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
      if (params.uri === 'things://one') return {}
      throw new McpError(-32002, 'Resource not found')
    })
    return made
  })
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', []) })
  await using side = await legacyClient(plane, '/mcp/old')
  await bothStreams(server)
  await side.client.subscribeResource({ uri: 'things://one' })
  await expect(side.client.subscribeResource({ uri: 'things://none' })).rejects.toMatchObject({ code: -32602 })
  await side.client.unsubscribeResource({ uri: 'things://one' })
})

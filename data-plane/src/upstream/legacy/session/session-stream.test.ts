import type { ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { EventStore } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { expect, test, vi } from 'vitest'
import { Cancel } from '../../../runtime/cancellation.ts'
import { aCall, aClient, aListen, legacyServer, sdkServer } from '../testing.ts'
import type { Notification } from '../../../protocol/notification.ts'

const servers: McpServer[] = []

function watched(): McpServer {
  const server = new McpServer(
    { name: 'watched', version: '1' },
    { capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} } },
  )
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    if (params.uri === 'no://such') throw new Error('no such resource')
    return {}
  })
  server.server.setRequestHandler(UnsubscribeRequestSchema, () => ({}))
  server.registerTool('hang-up', {}, async (extra) => {
    extra.closeSSEStream?.()
    await extra.sendNotification({ method: 'notifications/message', params: { level: 'info', data: 'while away' } })
    return { content: [{ type: 'text', text: 'back' }] }
  })
  server.registerTool('ask-aside', {}, async () => {
    const requestedSchema = { type: 'object' as const, properties: {} }
    await server.sendLoggingMessage({ level: 'info', data: 'asking' })
    const { action } = await server.server.elicitInput({ message: 'Sure?', requestedSchema })
    return { content: [{ type: 'text', text: action }] }
  })
  servers.push(server)
  return server
}

/** Keeps events in order. The example of the SDK does not, for events of the same millisecond. */
function orderedEvents(): EventStore {
  const events: { streamId: string; message: JSONRPCMessage }[] = []
  return {
    storeEvent: (streamId, message) => Promise.resolve(String(events.push({ streamId, message }) - 1)),
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events[Number(lastEventId)]?.streamId
      if (streamId === undefined) throw new Error(`no event ${lastEventId}`)
      for (const [id, event] of events.entries()) {
        if (id > Number(lastEventId) && event.streamId === streamId) await send(String(id), event.message)
      }
      return streamId
    },
  }
}

const last = () => servers.at(-1)?.server

test('a listener receives the changes that it asked for', async () => {
  await using server = await sdkServer(watched)
  const heard: Notification[] = []
  const { honoured } = await server.upstream.listen(
    aListen(
      { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['a://1', 'no://such'], taskIds: ['t'] },
      { heard, client: aClient({ logLevel: 'debug' }) },
    ),
  )
  expect(honoured).toMatchObject({ toolsListChanged: true, resourceSubscriptions: ['a://1'] })
  await last()?.sendResourceUpdated({ uri: 'a://2' })
  await last()?.sendResourceUpdated({ uri: 'a://1/part' })
  await last()?.sendResourceListChanged()
  await last()?.sendLoggingMessage({ level: 'error', data: 'x' })
  await last()?.sendToolListChanged()
  await expect
    .poll(() => heard)
    .toMatchObject([
      { method: 'notifications/resources/updated', params: { uri: 'a://1/part' } },
      { method: 'notifications/tools/list_changed' },
    ])
})

test('a legacy client session receives what its own stream at the server would carry', async () => {
  await using server = await sdkServer(watched)
  const heard: Notification[] = []
  await server.upstream.listen(aListen({}, { heard, session: 's1', client: aClient({ logLevel: 'error' }) }))
  await last()?.sendLoggingMessage({ level: 'info', data: 'x' })
  await last()?.sendLoggingMessage({ level: 'error', data: 'y' })
  await expect.poll(() => heard).toMatchObject([{ method: 'notifications/message', params: { level: 'error', data: 'y' } }])
})

test('listeners share one stream and one subscription, which end with the last of them', async () => {
  await using server = await sdkServer(watched)
  const cancels = [new Cancel(), new Cancel()]
  await Promise.all(cancels.map((cancel) => server.upstream.listen(aListen({ resourceSubscriptions: ['a://1'] }, { cancel }))))
  cancels[0]?.abort(new Error('enough'))
  expect(server.sent('resources/unsubscribe')).toHaveLength(0)
  cancels[1]?.abort(new Error('enough'))
  await expect.poll(() => server.sent('resources/unsubscribe')).toHaveLength(1)
  expect(server.sent('resources/subscribe')).toHaveLength(1)
  expect(server.seen.filter(({ http }) => http === 'GET')).toHaveLength(1)
})

test('a server without a stream honours nothing', async () => {
  await using server = await legacyServer(answering((response) => response.writeHead(405).end()))
  await expect(server.upstream.listen(aListen({ toolsListChanged: true }))).resolves.toMatchObject({ honoured: {} })
})

test('listening works at a server that sends no head before its first event', async () => {
  const held: ServerResponse[] = []
  await using server = await legacyServer(
    answering((response) => void held.push(response)),
    { streamWithinMs: 10 },
  )
  const heard: Notification[] = []
  await expect(server.upstream.listen(aListen({ toolsListChanged: true }, { heard }))).resolves.toMatchObject({
    honoured: { toolsListChanged: true },
  })
  await expect.poll(() => held).toHaveLength(1)
  held[0]?.writeHead(200, { 'content-type': 'text/event-stream' })
  held[0]?.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n')
  await expect.poll(() => heard).toHaveLength(1)
})

test('listening ends when a server says late that it has no stream', async () => {
  const held: ServerResponse[] = []
  await using server = await legacyServer(
    answering((response) => void held.push(response)),
    { streamWithinMs: 10 },
  )
  const ended = vi.fn<(error?: Error) => void>()
  await server.upstream.listen(aListen({ toolsListChanged: true }, { onEnd: ended }))
  await expect.poll(() => held).toHaveLength(1)
  held[0]?.writeHead(405).end()
  await expect.poll(() => ended).toHaveBeenCalledOnce()
  await expect(server.upstream.listen(aListen({ toolsListChanged: true }))).resolves.toMatchObject({ honoured: {} })
})

test('listening ends when the upstream is closed', async () => {
  await using server = await sdkServer(watched)
  const ended = vi.fn<(error?: Error) => void>()
  await server.upstream.listen(aListen({ toolsListChanged: true }, { onEnd: ended }))
  await server.upstream.close()
  expect(ended).toHaveBeenCalledExactlyOnceWith(undefined)
})

test('a broken stream is resumed where it broke', async () => {
  await using server = await legacyServer(
    answering((response, ids) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const id = ids.length
      const event = `retry: 10\nid: e${id}\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n`
      response.write(event, () => void (id < 3 && response.destroy()))
    }),
  )
  const heard: Notification[] = []
  await server.upstream.listen(aListen({ toolsListChanged: true }, { heard }))
  await expect.poll(() => heard).toHaveLength(3)
  expect(server.seen.filter(({ http }) => http === 'GET').map(({ headers }) => headers['last-event-id'])).toMatchObject([
    undefined,
    'e1',
    'e2',
  ])
})

test('after a lost session listeners are notified of everything', async () => {
  await using server = await sdkServer(watched)
  const heard: Notification[] = []
  await server.upstream.listen(aListen({ toolsListChanged: true, resourceSubscriptions: ['a://1'] }, { heard }))
  const [transport] = server.sessions.values()
  server.forget()
  await transport?.close()
  await expect.poll(() => heard).toHaveLength(2)
  expect(server.sent('resources/subscribe')).toHaveLength(2)
  await expect.poll(() => server.seen.filter(({ http }) => http === 'GET')).toHaveLength(3)
  await last()?.sendToolListChanged()
  await expect.poll(() => heard).toHaveLength(3)
})

test('a request of the server that no client can answer is refused, and a ping is answered', async () => {
  await using server = await legacyServer(
    answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"jsonrpc":"2.0","id":7,"method":"roots/list"}\n\ndata: {"jsonrpc":"2.0","id":"p","method":"ping"}\n\n')
    }),
  )
  await server.upstream.listen(aListen({ toolsListChanged: true }))
  const answers = () => server.seen.filter(({ http, body }) => http === 'POST' && body.method === undefined).map(({ body }) => body)
  await expect.poll(answers).toMatchObject([
    { id: 7, error: { code: -32601 } },
    { id: 'p', result: {} },
  ])
})

test('listening ends when the stream cannot be resumed', async () => {
  await using server = await legacyServer(
    answering((response, ids) => {
      if (ids.length > 1) return void response.writeHead(401).end()
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: no JSON\n\n')
    }),
  )
  const ended = vi.fn<(error?: Error) => void>()
  await server.upstream.listen(aListen({ toolsListChanged: true }, { onEnd: ended }))
  await expect.poll(() => ended).toHaveBeenCalledOnce()
})

test.for([
  ['a stream', false],
  ['one body', true],
] as const)('a server that asks on the session’s stream and answers with %s is understood', async ([, json]) => {
  await using server = await sdkServer(watched, { json })
  const heard: Notification[] = []
  const asker = { heard, client: aClient({ logLevel: 'info' }) }
  const { value } = await server.upstream.request(aCall('ask-aside', {}, asker))
  expect(value['inputRequests']).toMatchObject({ 'elicitation-1': { method: 'elicitation/create', params: { message: 'Sure?' } } })
  expect(heard).toMatchObject([{ method: 'notifications/message', params: { level: 'info', data: 'asking' } }])
  const inputResponses = { 'elicitation-1': { action: 'decline' } }
  const last = await server.upstream.request(aCall('ask-aside', {}, asker, { requestState: value['requestState'], inputResponses }))
  expect(last.value).toMatchObject({ content: [{ type: 'text', text: 'decline' }] })
})

test('a caller receives messages of the session’s stream that came with its answer, even if the answer is read first', async () => {
  const handle = answering((response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders())
  let own: ServerResponse | undefined
  await using server = await legacyServer((request, response, body) => {
    if (request.method === 'GET') own = response
    if (body.method !== 'tools/call') return handle(request, response, body)
    const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'on the way' } }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: {} }))
    own?.write(`data: ${JSON.stringify(log)}\n\ndata: {"jsonrpc":"2.0","id":7,"method":"roots/list"}\n\n`)
  })
  const heard: Notification[] = []
  const { value } = await server.upstream.request(aCall('x', {}, { heard, client: aClient({ logLevel: 'info' }) }))
  expect(value).toMatchObject({ resultType: 'complete' })
  expect(heard).toMatchObject([{ method: 'notifications/message', params: { data: 'on the way' } }])
  // A question that comes with the answer cannot be waited for: it is refused, not left open.
  await expect.poll(() => server.seen.find(({ body }) => body.id === 7)?.body.error).toMatchObject({ code: -32601 })
})

test('the stream is not opened for a client that could receive nothing there', async () => {
  await using server = await sdkServer(watched)
  await server.upstream.request(aCall('ask-aside', {}, { client: aClient({ capabilities: {} }) }))
  expect(server.seen.filter(({ http }) => http === 'GET')).toMatchObject([])
})

test('a server may close the stream and be polled for its result', async () => {
  await using server = await sdkServer(watched, { eventStore: orderedEvents() })
  const heard: Notification[] = []
  const { value } = await server.upstream.request(aCall('hang-up', {}, { heard, client: aClient({ logLevel: 'info' }) }))
  expect(value).toMatchObject({ content: [{ type: 'text', text: 'back' }] })
  expect(heard).toHaveLength(1)
  expect(server.seen.some(({ http, headers }) => http === 'GET' && headers['last-event-id'] !== undefined)).toBe(true)
})

/** Initializes, accepts any message, and answers a GET by `get`, which receives the event ids of all GETs so far. */
function answering(get: (response: ServerResponse, ids: (string | undefined)[]) => void): Parameters<typeof legacyServer>[0] {
  const ids: (string | undefined)[] = []
  return (request, response, { id, method }) => {
    if (request.method === 'GET') {
      ids.push(request.headers['last-event-id']?.toString())
      return get(response, ids)
    }
    if (method !== 'initialize') return void response.writeHead(202).end()
    const result = {
      protocolVersion: '2025-06-18',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'x', version: '1' },
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  }
}

test('two requests of a server whose ids differ only in their last digit are two, and each answer names its own', async () => {
  const ids = ['9007199254740992', '9007199254740993']
  await using server = await legacyServer(
    answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const id of ids) response.write(`data: {"jsonrpc":"2.0","id":${id},"method":"vendor/ask"}\n\n`)
      response.write(`data: {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${ids[0]}}}\n\n`)
    }),
  )
  const aborted: string[] = []
  const waits: (() => void)[] = []
  await server.upstream.listen({
    ...aListen({ toolsListChanged: true }, { session: 's1' }),
    onRequest: (_, signal) =>
      new Promise((resolve) => {
        const name = String(waits.push(() => resolve({ result: { word: name } })))
        signal.addEventListener('abort', () => aborted.push(name))
      }),
  })
  await expect.poll(() => aborted).toEqual(['1'])
  waits[1]?.()
  await expect.poll(() => server.seen.some(({ text }) => text.includes(`"id":${ids[1]},"result":{"word":"2"}`))).toBe(true)
})

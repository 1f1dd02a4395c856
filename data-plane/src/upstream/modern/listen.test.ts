import { expect, test } from 'vitest'
import { Cancel } from '../../runtime/cancellation.ts'
import { aClient, aListener, aRemote, modernServer } from './testing.ts'
import type { Asked, Handle, Say } from './testing.ts'
import { keysFor } from '../../protocol/subscription-keys.ts'
import { SubscriptionHub } from './subscription-hub.ts'
import { GATEWAY_CLIENT } from './request.ts'
import { openConnection } from '../http/connection.ts'
import { messageOf } from '../../protocol/notification.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'
import { within } from '../../testing/waiting.ts'

const key = 'io.modelcontextprotocol/subscriptionId'

interface Streams {
  handle: Handle
  /** The open streams, oldest first. */
  readonly open: { filter: ListenFilter; say: Say; id: number }[]
  tell(method: string, params?: object): void
  closed(count: number): Promise<void>
}

/** A server that honours of every filter what `honours` returns. */
function streams(honours = (filter: ListenFilter): ListenFilter => filter): Streams {
  const open: Streams['open'] = []
  let closed = 0
  const waiting: (() => void)[] = []
  const message = (id: number, method: string, params: object) => ({
    jsonrpc: '2.0',
    method,
    params: { ...params, _meta: { [key]: id, 'x-kept': 1 } },
  })
  return {
    open,
    handle({ id, params }: Asked, say) {
      const filter = params['notifications'] as ListenFilter
      const one = { filter, say, id }
      open.push(one)
      say.response.once('close', () => {
        open.splice(open.indexOf(one), 1)
        closed++
        waiting.forEach((check) => check())
      })
      say.event(message(id, 'notifications/subscriptions/acknowledged', { notifications: honours(filter) }))
    },
    tell: (method, params = {}) => open.forEach(({ id, say }) => say.event(message(id, method, params))),
    closed: (count) =>
      within(
        new Promise((resolve) => {
          const check = () => closed >= count && resolve()
          waiting.push(check)
          check()
        }),
        `${count} streams to close`,
      ),
  }
}

/** Collects notifications; `next` waits for one. */
function notificationCollector() {
  const got: Notification[] = []
  let came = Promise.withResolvers<void>()
  return {
    got,
    onNotification: (notification: Notification) => {
      got.push(notification)
      came.resolve()
      came = Promise.withResolvers()
    },
    next: () => within(came.promise, 'the next notification'),
  }
}

test('a listener learns what is honoured, and receives notifications without the id of our own subscription', async () => {
  const at = streams(({ toolsListChanged }) => ({ toolsListChanged: toolsListChanged ?? false }))
  await using server = await modernServer(at.handle)
  const { got, next, onNotification } = notificationCollector()
  const filter = { toolsListChanged: true, promptsListChanged: true }
  expect(await server.upstream.listen(aListener({ filter, onNotification }))).toEqual({ honoured: { toolsListChanged: true } })
  at.tell('notifications/tools/list_changed')
  await next()
  expect(got.map(messageOf)).toEqual(['{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"x-kept":1}}}'])
})

test('all listeners share one stream at the server, and each receives only what it asked for', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const tools = notificationCollector()
  const both = notificationCollector()
  const one = notificationCollector()
  await server.upstream.listen(aListener({ filter: { toolsListChanged: true, resourceSubscriptions: ['test://a'] }, ...both }))
  await server.upstream.listen(aListener({ filter: { toolsListChanged: true }, ...tools }))
  await server.upstream.listen(aListener({ filter: { resourceSubscriptions: ['test://b'] }, ...one }))
  await at.closed(1)
  expect(at.open.map(({ filter }) => filter)).toEqual([{ toolsListChanged: true, resourceSubscriptions: ['test://a', 'test://b'] }])
  at.tell('notifications/resources/updated', { uri: 'test://c' })
  at.tell('notifications/resources/updated', { uri: 'test://b/below' })
  at.tell('notifications/tools/list_changed')
  await Promise.all([tools.next(), both.next(), one.next()])
  const methods = ({ got }: ReturnType<typeof notificationCollector>) => got.map(({ method }) => method)
  expect([methods(tools), methods(both), methods(one)]).toEqual([
    ['notifications/tools/list_changed'],
    ['notifications/tools/list_changed'],
    ['notifications/resources/updated'],
  ])
})

test('ten thousand listeners share one stream, and the last one that leaves closes it', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const count = 10_000
  let heard = 0
  const all = Promise.withResolvers<void>()
  const cancels = Array.from({ length: count }, () => new Cancel())
  const onNotification = () => {
    if (++heard === count) all.resolve()
  }
  await Promise.all(cancels.map((cancel) => server.upstream.listen(aListener({ cancel, onNotification }))))
  expect(at.open).toHaveLength(1)
  at.tell('notifications/tools/list_changed')
  await within(all.promise, 'every listener to be told')
  cancels.forEach((cancel) => cancel.abort(new Error('gone')))
  await at.closed(1)
  expect(server.asked).toHaveLength(1)
})

test('listeners that join at the same time, each for its own resource, need only a few streams', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const uris = Array.from({ length: 500 }, (_, index) => `test://${index}`)
  await Promise.all(uris.map((uri) => server.upstream.listen(aListener({ filter: { resourceSubscriptions: [uri] } }))))
  expect(server.asked.length).toBeLessThan(4)
})

test('a slow listener delays no other, and receives only the newest notification', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const release = Promise.withResolvers<void>()
  const slow: Notification[] = []
  const quick = notificationCollector()
  const twice = Promise.withResolvers<void>()
  await server.upstream.listen(
    aListener({
      onNotification: (notification) => {
        slow.push(notification)
        if (slow.length === 2) twice.resolve()
        return release.promise
      },
    }),
  )
  await server.upstream.listen(aListener(quick))
  for (let count = 0; count < 5; count++) {
    const heard = quick.next()
    at.tell('notifications/tools/list_changed', { at: count })
    await heard
  }
  expect(slow).toHaveLength(1)
  release.resolve()
  await within(twice.promise, 'the slow listener to be told again')
  expect(slow[1]?.params).toMatchObject({ at: 4 })
})

test('only a client that declared tasks can listen to tasks', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const filter = { taskIds: ['t1'] }
  expect(await server.upstream.listen(aListener({ filter }))).toEqual({ honoured: {} })
  const client = { ...aClient, capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } }
  const { got, next, onNotification } = notificationCollector()
  expect(await server.upstream.listen(aListener({ filter, client, onNotification }))).toEqual({ honoured: filter })
  at.tell('notifications/tasks', { taskId: 't2' })
  at.tell('notifications/tasks', { taskId: 't1', status: 'working' })
  await next()
  expect(got).toMatchObject([{ params: { taskId: 't1' } }])
})

test.for<[string, (say: Say, id: number) => unknown, object | undefined]>([
  ['says it is over', (say) => say.end({ resultType: 'complete' }), undefined],
  ['breaks', (say) => say.response.destroy(), { name: 'UpstreamFault', code: 'upstream_down' }],
  ['says something forged', (say, id) => say.event({ jsonrpc: '2.0', id: id + 1, result: {} }), { name: 'UpstreamFault' }],
])('when the server %s, its listeners end, and new ones may join', async ([, end, error]) => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const ended = Promise.withResolvers<unknown>()
  await server.upstream.listen(aListener({ onEnd: ended.resolve }))
  const [one] = at.open
  if (one) end(one.say, one.id)
  const reason = await within(ended.promise, 'the listener to be told of the end')
  if (error === undefined) expect(reason).toBeUndefined()
  else expect(reason).toMatchObject(error)
  await at.closed(1)
  await server.upstream.listen(aListener())
  expect(at.open).toHaveLength(1)
})

test.for<[string, Handle, object]>([
  ['refuses', (_, say) => say.error(-32_601, 404), { name: 'UpstreamRpcError', code: -32_601 }],
  ['ends before it began', (_, say) => say.end({ resultType: 'complete' }), { name: 'UpstreamFault', code: 'upstream_down' }],
])('a server that %s: the listener is refused', async ([, handle, error]) => {
  await using server = await modernServer(handle)
  await expect(server.upstream.listen(aListener())).rejects.toMatchObject(error)
})

test('a server that never acknowledges: the listener is refused after the time limit', async () => {
  const silent: Handle = (_, say) => say.response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  await using server = await modernServer(silent, {}, { callTimeoutMs: 100 })
  await expect(server.upstream.listen(aListener())).rejects.toMatchObject({ code: 'timed_out' })
})

test('a listener that leaves while the stream opens leaves no stream open', async () => {
  const at = streams()
  const cancel = new Cancel()
  await using server = await modernServer((asked, say) => {
    cancel.abort(new Error('gone already'))
    at.handle(asked, say)
  })
  await expect(server.upstream.listen(aListener({ cancel }))).rejects.toThrow('gone already')
  await at.closed(1)
})

test('an updated resource concerns subscriptions to it and to the URIs above it', () => {
  expect(keysFor({ method: 'notifications/resources/updated', params: { uri: 'file:///a/b#c' } })).toEqual(
    expect.arrayContaining(['uri:file:///a/b#c', 'uri:file:///a/b', 'uri:file:///a/', 'uri:file:///a']),
  )
  expect(keysFor({ method: 'notifications/message', params: {} })).toEqual([])
})

test('a subscription that ends at once is either refused or ended', async () => {
  await using server = await modernServer(({ id, params }, say) => {
    const _meta = { [key]: id }
    say.event({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: params['notifications'], _meta },
    })
    say.end({ resultType: 'complete' })
  })
  for (let count = 0; count < 20; count++) {
    const told = Promise.withResolvers<string>()
    const listening = server.upstream.listen(aListener({ onEnd: () => told.resolve('ended') }))
    expect(
      await listening.then(
        () => within(told.promise, 'the listener to be told of the end'),
        () => 'refused',
      ),
    ).toMatch(/ended|refused/)
  }
})

test('a stream that breaks after a while is reopened, and listeners are notified of what they may have missed', async () => {
  const at = streams()
  await using server = await modernServer(at.handle)
  const options = openConnection(aRemote(server.url))
  const hub = new SubscriptionHub(options, GATEWAY_CLIENT, 0)
  const { got, next, onNotification } = notificationCollector()
  const filter = { toolsListChanged: true, resourceSubscriptions: ['test://a'] }
  let ended = false
  await hub.join(aListener({ filter, onNotification, onEnd: () => (ended = true) }))
  at.open[0]?.say.response.destroy()
  while (got.length < 2) await next()
  expect(got).toEqual([
    { method: 'notifications/tools/list_changed' },
    { method: 'notifications/resources/updated', params: { uri: 'test://a' } },
  ])
  expect(ended).toBe(false)
  hub.close()
  await options.pool.close()
})

import { setImmediate as nextTurn } from 'node:timers/promises'
import { ToolError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { OutgoingFilter } from '../pipeline/filters/outgoing.ts'
import { unawaited } from '../runtime/awaitable.ts'
import { defineServer } from '../server-kit/define.ts'
import { messagesIn } from '../testing/fidelity.ts'
import { modernRequest, testPlane } from '../testing/plane.ts'

const uri = 'x:y'

/** A server that tells of its work twice, and of its resource as often as a test says. */
async function aTellingPlane(filter: OutgoingFilter) {
  const server = defineServer({ id: 'things', title: 'Things', settings: z.object({}), emits: ['updates'] })
  const tool = server.tool({
    name: 'tell',
    description: 'Tells twice.',
    level: 'read',
    input: z.strictObject({}),
    output: z.object({ text: z.string() }),
    async run(_args, context) {
      for (const step of [1, 2]) unawaited(context.notify({ method: 'com.example/news', params: { step } }))
      return { text: 'done' }
    },
  })
  const refused = new ToolError('upstream_down', 'the database says sesame', { hint: 'say sesame' })
  const fail = () => Promise.reject(refused)
  const resource = server.resource({ uri, name: 'r', description: 'A resource.', mimeType: 'text/plain', read: fail })
  const prompt = server.prompt({ name: 'p', description: 'A prompt.', args: z.object({}), render: fail })
  const plane = await testPlane(
    { grants: { things: { user: [{ level: 'read' }] } } },
    [server.with(tool, resource, prompt)],
    {},
    undefined,
    {
      moreFilters: [filter],
    },
  )
  const send = async (method: string, params: Record<string, unknown>, signal?: AbortSignal) =>
    fetch(`${plane.url}/mcp/things`, { ...modernRequest(await plane.token(), method, params), ...(signal && { signal }) })
  return {
    send,
    changed: () => server.changes.updated(uri),
    /** The messages of a stream for changes, as they come. */
    async listen() {
      const leave = new AbortController()
      const received: string[] = []
      const stream = await send('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, leave.signal)
      void messagesIn(stream, async (message) => void received.push(message)).catch(() => undefined)
      await expect.poll(() => received.length, { message: 'the acknowledgement' }).toBe(1)
      return { received, [Symbol.dispose]: () => leave.abort() }
    },
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  }
}

/** Takes longer over the first notification than over the next, and numbers them as it sees them. */
function slowAtFirst(): OutgoingFilter {
  let seen = 0
  return async (outgoing) => {
    if (outgoing.kind !== 'notification' || /acknowledged/.test(outgoing.method)) return outgoing
    const at = ++seen
    for (let turn = 0; turn < (at === 1 ? 50 : 1); turn++) await nextTurn()
    const params = { ...(outgoing.value['params'] as object), at }
    return { ...outgoing, value: { ...outgoing.value, params }, source: undefined }
  }
}

const orderOf = (messages: string[]) => messages.map((message) => /"at":(\d)/.exec(message)?.[1])

test('a filter that takes its time over a notification changes neither their order nor their place before the answer', async () => {
  await using plane = await aTellingPlane(slowAtFirst())
  const messages = await messagesIn(await plane.send('tools/call', { name: 'tell', arguments: {} }))
  expect(orderOf(messages)).toEqual(['1', '2', undefined])
})

test('the same on a stream', async () => {
  await using plane = await aTellingPlane(slowAtFirst())
  using stream = await plane.listen()
  plane.changed()
  plane.changed()
  await expect.poll(() => stream.received.length, { message: 'both changes' }).toBe(3)
  expect(orderOf(stream.received.slice(1))).toEqual(['1', '2'])
})

test('a notification that a filter fails at is not sent, and the stream goes on', async () => {
  let seen = 0
  const failsOnce: OutgoingFilter = (outgoing) => {
    if (outgoing.method === 'notifications/resources/updated' && ++seen === 1) throw new Error('the filter broke')
    return outgoing
  }
  await using plane = await aTellingPlane(failsOnce)
  using stream = await plane.listen()
  plane.changed()
  await expect.poll(() => seen, { message: 'the filter' }).toBe(1)
  plane.changed()
  await expect.poll(() => stream.received.length, { message: 'the second change' }).toBe(2)
  expect(seen).toBe(2)
})

test('a call goes on when a filter fails at a notification of it', async () => {
  const fails: OutgoingFilter = (outgoing) => (outgoing.kind === 'notification' ? Promise.reject(new Error('the filter broke')) : outgoing)
  await using plane = await aTellingPlane(fails)
  const messages = await messagesIn(await plane.send('tools/call', { name: 'tell', arguments: {} }))
  expect(messages).toHaveLength(1)
  expect(messages[0]).toContain('done')
})

test.for([
  ['resources/read', { uri }],
  ['prompts/get', { name: 'p' }],
] as const)('what a mounted server says when it cannot answer %s passes the filters', async ([method, params]) => {
  const hides: OutgoingFilter = ({ value, ...rest }) => ({
    ...rest,
    value: JSON.parse(JSON.stringify(value).replaceAll('sesame', 'HIDDEN')) as typeof value,
  })
  await using plane = await aTellingPlane(hides)
  const answer = await (await plane.send(method, params)).text()
  expect(answer).toContain('the database says HIDDEN')
  expect(answer).not.toContain('sesame')
})

import { ToolError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Cancel } from '../../runtime/cancellation.ts'
import { defineServer } from '../../server-kit/define.ts'
import { accepted, askForm, inputRequired } from '../../server-kit/input-required.ts'
import { asked, facts } from './testing.ts'
import type { Notification } from '../../protocol/notification.ts'
import { within } from '../../testing/waiting.ts'

const library = defineServer({ id: 'library', title: 'Library', settings: z.object({}), emits: ['tools', 'updates'], logs: true })
const nothing = z.strictObject({})

const borrow = library.tool({
  name: 'borrow_book',
  description: 'Borrows a book in the name of whoever is asked for it.',
  level: 'write',
  input: z.strictObject({ title: z.string() }),
  output: z.object({ borrowed: z.string() }),
  run({ title }, { inputResponses, requestState }) {
    const name = accepted(inputResponses, 'name')?.['name']
    if (typeof name !== 'string') return inputRequired({ name: askForm('Who?', { name: { type: 'string' } }) }, { asked: 1 })
    return { borrowed: `${title} by ${name} after ${JSON.stringify(requestState)}` }
  },
})
const count = library.tool({
  name: 'list_books',
  description: 'Counts aloud.',
  level: 'read',
  input: nothing,
  output: z.object({ books: z.int() }),
  async run(_args, context) {
    await context.progress(1, 2, 'half')
    await context.log('info', 'counting')
    await context.log('debug', 'one by one')
    return { books: 2 }
  },
})
const at = library.tool({
  name: 'get_book',
  description: 'Answers at once.',
  level: 'read',
  input: z.strictObject({ title: z.string() }),
  output: z.object({ title: z.string() }),
  run({ title }) {
    if (title === 'lost') throw new ToolError('not_found', 'No such book.')
    return { title }
  },
})
const opening = library.resource({
  uri: 'library://opening-hours',
  name: 'opening-hours',
  description: 'When it is open.',
  mimeType: 'text/plain',
  read: () => 'always',
})
const book = library.template({
  uriTemplate: 'library://{shelf}/book/{author}.{title}',
  name: 'book',
  description: 'A book.',
  mimeType: 'text/plain',
  complete: { author: (_context, { shelf }) => (shelf === 'a' ? ['Ada', 'Ann', 'Ben'] : []) },
  read({ shelf, author, title }) {
    if (title === 'lost') throw new ToolError('not_found', 'No such book.')
    if (title === 'stuck') throw new ToolError('upstream_down', 'The lift is stuck.', { retryable: true })
    return `${shelf}/${author}/${title}`
  },
})
const recommend = library.prompt({
  name: 'recommend',
  description: 'A book to read.',
  args: z.strictObject({ mood: z.string().describe('How you feel'), length: z.string().optional() }),
  complete: { mood: () => Array.from({ length: 120 }, (_, at) => `mood ${at}`) },
  render: ({ mood, length = 'any' }) => `A book of ${length} length for somebody ${mood}.`,
})
const server = library.with(borrow, count, at, opening, book, recommend)

test('a server declares the capabilities it has, and no others', async () => {
  expect((await asked(server).upstream.describe()).capabilities).toEqual({
    tools: { listChanged: true },
    resources: { subscribe: true },
    prompts: {},
    completions: {},
    logging: {},
  })
  const plain = defineServer({ id: 'plain', title: 'Plain', settings: z.object({}) }).with(at)
  expect((await asked(plain).upstream.describe()).capabilities).toEqual({ tools: {} })
  await expect(asked(plain).ask('resources/list')).rejects.toMatchObject({ name: 'UpstreamRpcError', code: -32601 })
})

test('lists hold the declarations, and say that they may not be cached', async () => {
  const { ask } = asked(server)
  expect(await ask('resources/list')).toEqual({
    resultType: 'complete',
    resources: [{ uri: 'library://opening-hours', name: 'opening-hours', description: 'When it is open.', mimeType: 'text/plain' }],
    ttlMs: 0,
    cacheScope: 'private',
  })
  expect(await ask('resources/templates/list')).toMatchObject({
    resourceTemplates: [{ uriTemplate: 'library://{shelf}/book/{author}.{title}', name: 'book' }],
  })
  expect(await ask('prompts/list')).toMatchObject({
    prompts: [
      {
        name: 'recommend',
        arguments: [
          { name: 'mood', description: 'How you feel', required: true },
          { name: 'length', required: false },
        ],
      },
    ],
  })
  expect((await ask('tools/list'))['tools']).toHaveLength(3)
})

test('a tool that answers at once is answered at once', () => {
  const { upstream, request } = asked(server)
  const answer = upstream.request(request('tools/call', { name: 'get_book', arguments: { title: 'x' } }))
  expect(answer).toMatchObject({ value: { resultType: 'complete', structuredContent: { title: 'x' } } })
})

test("a tool's own error is passed on as it was thrown", async () => {
  await expect(asked(server).ask('tools/call', { name: 'get_book', arguments: { title: 'lost' } })).rejects.toBeInstanceOf(ToolError)
})

test.for([
  ['library://opening-hours', 'always'],
  ['library://a/book/ada.notes', 'a/ada/notes'],
  ['library://a/book/ada.notes.2', 'a/ada/notes.2'],
  ['library://a%2Fb/book/ada%2E1.n%C3%A9', 'a/b/ada.1/né'],
])('%s reads as %s', async ([uri, text]) => {
  expect(await asked(server).ask('resources/read', { uri })).toMatchObject({
    contents: [{ uri, mimeType: 'text/plain', text }],
    cacheScope: 'private',
  })
})

test.for([
  ['resources/read', { uri: 'library://nothing' }, 'Resource not found'],
  ['resources/read', { uri: 'library://a/b/book/x.y' }, 'Resource not found'],
  ['resources/read', { uri: 'library://a/book/%E0%A4%A.y' }, 'Resource not found'],
  ['resources/read', { uri: `library://a/book/x.${'y'.repeat(5_000)}` }, 'Resource not found'],
  ['resources/read', { uri: 'library://a/book/x.lost' }, 'No such book.'],
  ['resources/read', {}, 'Resource not found'],
  ['prompts/get', { name: 'nothing' }, 'Unknown prompt: nothing'],
  ['prompts/get', { name: 'recommend', arguments: {} }, /mood/],
  ['prompts/get', { name: 'recommend', arguments: { mood: 'x', weather: 'y' } }, /weather/],
  ['tools/call', { name: 'nothing' }, 'Unknown tool: nothing'],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'nothing' }, argument: { name: 'a', value: '' } },
    'Unknown prompt or resource template',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'recommend' }, argument: { name: 'constructor', value: '' } },
    /Unknown argument/,
  ],
  ['completion/complete', { ref: { type: 'ref/nothing' } }, /ref/],
] as const)('%s %j is refused as invalid params', async ([method, params, message]) => {
  await expect(asked(server).ask(method, params)).rejects.toMatchObject({
    name: 'UpstreamRpcError',
    code: -32602,
    message: expect.stringMatching(message),
  })
})

test('the error for a missing resource names its URI', async () => {
  await expect(asked(server).ask('resources/read', { uri: 'library://nothing' })).rejects.toMatchObject({
    data: { uri: 'library://nothing' },
  })
})

test('a resource that cannot be read now is a fault of the server, and may be tried again', async () => {
  const reading = asked(server).ask('resources/read', { uri: 'library://a/book/x.stuck' })
  await expect(reading).rejects.toMatchObject({
    name: 'UpstreamFault',
    code: 'upstream_down',
    publicMessage: 'The lift is stuck.',
    retryable: true,
  })
})

test('an unknown method is not found', async () => {
  await expect(asked(server).ask('skills/list')).rejects.toMatchObject({ code: -32601 })
  await expect(asked(server).ask('constructor')).rejects.toMatchObject({ code: -32601 })
})

test('a prompt is rendered with its arguments', async () => {
  expect(await asked(server).ask('prompts/get', { name: 'recommend', arguments: { mood: 'blue' } })).toMatchObject({
    description: 'A book to read.',
    messages: [{ role: 'user', content: { type: 'text', text: 'A book of any length for somebody blue.' } }],
  })
})

test('completion offers at most a hundred values that begin as typed, given the other arguments', async () => {
  const { ask } = asked(server)
  const ref = { type: 'ref/resource', uri: 'library://{shelf}/book/{author}.{title}' }
  const complete = (argument: object, shelf: string) => ask('completion/complete', { ref, argument, context: { arguments: { shelf } } })
  expect(await complete({ name: 'author', value: 'A' }, 'a')).toMatchObject({
    completion: { values: ['Ada', 'Ann'], total: 2, hasMore: false },
  })
  expect(await complete({ name: 'author', value: '' }, 'b')).toMatchObject({ completion: { values: [] } })
  expect(await complete({ name: 'title', value: '' }, 'b')).toMatchObject({ completion: { values: [] } })
  const moods = await ask('completion/complete', {
    ref: { type: 'ref/prompt', name: 'recommend' },
    argument: { name: 'mood', value: 'mood' },
  })
  expect(moods).toMatchObject({ completion: { total: 120, hasMore: true } })
})

test('progress reaches a client that gave a token, log messages a client that asked for their level', async () => {
  const call = { name: 'list_books', arguments: {} }
  const quiet = asked(server)
  await quiet.ask('tools/call', call)
  expect(quiet.heard).toEqual([])
  const loud = asked(server)
  await loud.ask('tools/call', { ...call, _meta: { progressToken: 7 } }, { client: facts({}, 'info') })
  expect(loud.heard).toEqual([
    { method: 'notifications/progress', params: { progressToken: 7, progress: 1, total: 2, message: 'half' } },
    { method: 'notifications/message', params: { level: 'info', data: 'counting' } },
  ])
})

const call = { name: 'borrow_book', arguments: { title: 'Emma' } }
const answer = { name: { action: 'accept', content: { name: 'Bob' } } }

test('a handler asks, and goes on with the answer and with its state', async () => {
  const { ask } = asked(server)
  const first = await ask('tools/call', call)
  expect(first).toMatchObject({ resultType: 'input_required', inputRequests: { name: { method: 'elicitation/create' } } })
  const last = await ask('tools/call', { ...call, inputResponses: answer, requestState: first.requestState })
  expect(last).toMatchObject({ resultType: 'complete', structuredContent: { borrowed: 'Emma by Bob after {"asked":1}' } })
})

test.for([
  ['altered', { requestState: (state: string) => `${state.slice(0, -3)}AAA` }],
  ['of another call', { arguments: { title: 'Persuasion' } }],
  ['of another person', { person: 'bob' }],
  ['no text', { requestState: () => 7 }],
] as const)('a requestState that is %s is refused', async ([, change]) => {
  const { ask } = asked(server)
  const { requestState: state = '' } = await ask('tools/call', call)
  const requestState = 'requestState' in change ? change.requestState(state) : state
  const params = { ...call, ...('arguments' in change && { arguments: change.arguments }), inputResponses: answer, requestState }
  const retry = ask('tools/call', params, 'person' in change ? { person: change.person } : {})
  await expect(retry).rejects.toMatchObject({ code: -32602, message: 'Invalid or expired requestState' })
})

test.for([
  [{}, true],
  [{ elicitation: { url: {} } }, true],
  [{ elicitation: {} }, false],
  [{ elicitation: { form: {} } }, false],
] as const)('a client that declared %j may not be asked for a form: %s', async ([capabilities, refused]) => {
  const asking = asked(server).ask('tools/call', call, { client: facts(capabilities) })
  if (!refused) return expect(await asking).toMatchObject({ resultType: 'input_required' })
  await expect(asking).rejects.toMatchObject({ code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } })
})

test('a listener receives what is honoured, until it stops', async () => {
  const { upstream, request } = asked(server)
  const heard: Notification[] = []
  const cancel = new Cancel()
  const filter = {
    toolsListChanged: true,
    promptsListChanged: true,
    resourceSubscriptions: ['library://opening-hours', 'library://a/book/x.y', 'other://x'],
  }
  const onNotification = (notification: Notification) => void heard.push(notification)
  const { honoured } = await upstream.listen({ ...request(''), filter, onNotification, onEnd: () => undefined, cancel })
  expect(honoured).toEqual({ toolsListChanged: true, resourceSubscriptions: ['library://opening-hours', 'library://a/book/x.y'] })
  library.changes.changed('tools')
  library.changes.changed('prompts')
  library.changes.updated('library://opening-hours')
  library.changes.updated('library://unheard-of')
  cancel.abort(new Error('enough'))
  library.changes.changed('tools')
  expect(heard).toEqual([
    { method: 'notifications/tools/list_changed' },
    { method: 'notifications/resources/updated', params: { uri: 'library://opening-hours' } },
  ])
})

test('a listener that throws ends alone: the handler that announced the change does not notice', async () => {
  const { upstream, request } = asked(server)
  const { promise, resolve } = Promise.withResolvers<Error | undefined>()
  const onNotification = () => {
    throw new Error('the client is gone')
  }
  await upstream.listen({ ...request(''), filter: { toolsListChanged: true }, onNotification, onEnd: resolve, cancel: new Cancel() })
  library.changes.changed('tools')
  expect(await within(promise, 'the listener that breaks to end')).toMatchObject({ message: 'the client is gone' })
})

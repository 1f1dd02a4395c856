import { expect, test } from 'vitest'
import { aPolicy } from '../../testing/plane.ts'
import { VerbatimJson } from '../../json/verbatim.ts'
import { jsonOf } from '../../json/sourced-object.ts'
import type { OutgoingContext } from './outgoing.ts'
import { truncate } from './truncate.ts'

const policy = aPolicy({ settings: { truncateChars: 1000 } })
const context = { policy } as OutgoingContext
const filter = async (value: Record<string, unknown>, method = 'tools/call') => truncate({ kind: 'result', method, value }, context)
const text = (said: string) => ({ type: 'text', text: said })
const resource = (said: string, uri = 'x:y') => ({ type: 'resource', resource: { uri, text: said } })
const image = { type: 'image', data: 'A'.repeat(5000), mimeType: 'image/png' }
const blob = { type: 'resource', resource: { uri: 'x:b', blob: 'A'.repeat(5000) } }

test.for([
  ['tools/call', { content: [text('x'.repeat(600)), image, blob, resource('x'.repeat(400))] }],
  ['resources/read', { contents: [{ uri: 'x:y', text: 'x'.repeat(1000) }, blob.resource] }],
  [
    'prompts/get',
    {
      messages: [
        { role: 'user', content: text('x'.repeat(500)) },
        { role: 'user', content: [image, text('x'.repeat(500))] },
      ],
    },
  ],
  ['prompts/list', { prompts: [{ name: 'p', description: 'x'.repeat(2000) }] }],
] as const)('of %s what is within the budget goes through as it is', async ([method, value]) => {
  expect((await filter(value, method)).value).toBe(value)
})

test('long text is cut and says how much is missing', async () => {
  const { value } = await filter({ content: [text('x'.repeat(1500))] })
  expect(value['content']).toEqual([text(`${'x'.repeat(1000)}\n[cut: 500 of 1500 characters are missing]`)])
})

test('the budget is for the whole answer, embedded resources too; images, sound and bytes do not count', async () => {
  const content = [text('a'.repeat(900)), image, resource('b'.repeat(200)), blob, text('c'), resource('d'), image]
  const { value } = await filter({ content })
  const cut = resource(`${'b'.repeat(100)}\n[cut: 100 of 200 characters and 2 texts after them are missing]`)
  expect(value['content']).toEqual([content[0], image, cut, blob, image])
})

test('of many texts those that do not fit are left out, and do not each say so', async () => {
  const { value } = await filter({ content: Array.from({ length: 10_000 }, () => text('x'.repeat(100))) })
  expect(value['content']).toHaveLength(11)
  expect(value['content']).toHaveProperty('10', text('\n[cut: 100 of 100 characters and 9989 texts after them are missing]'))
})

test('the contents of a resource are cut, all together; the page of an app is not', async () => {
  const page = { uri: 'ui://panel/main', mimeType: 'text/html;profile=mcp-app', text: '<p>'.repeat(1000) }
  const { value } = await filter({ contents: [page, { uri: 'x:1', text: 'a'.repeat(999) }, { uri: 'x:2', text: 'bb' }] }, 'resources/read')
  const cut = { uri: 'x:2', text: 'b\n[cut: 1 of 2 characters are missing]' }
  expect(value['contents']).toEqual([page, { uri: 'x:1', text: 'a'.repeat(999) }, cut])
  const plain = { ...page, mimeType: 'text/html' }
  expect((await filter({ contents: [plain] }, 'resources/read')).value['contents']).not.toEqual([plain])
})

test('the messages of a prompt are cut, all together, and what is after the cut is left out', async () => {
  const said = [
    { role: 'user', content: text('a'.repeat(900)) },
    { role: 'assistant', content: [image, resource('b'.repeat(200)), text('c')] },
    { role: 'user', content: text('d') },
    { role: 'user', content: image },
  ]
  const { value } = await filter({ messages: said }, 'prompts/get')
  const cut = resource(`${'b'.repeat(100)}\n[cut: 100 of 200 characters and 2 texts after them are missing]`)
  expect(value['messages']).toEqual([said[0], { role: 'assistant', content: [image, cut] }, said[3]])
})

test('structured data over the budget is not cut but refused, with a hint', async () => {
  const { value } = await filter({ content: [], structuredContent: { rows: 'x'.repeat(2000) } })
  expect(value['structuredContent']).toBeUndefined()
  expect(value['isError']).toBe(true)
  expect(value['content']).toMatchObject([{ text: expect.stringContaining('too_large') }])
})

test('blocks that are none, and fields that are not ours, pass beside text that is cut', async () => {
  const odd = [
    null,
    1,
    'x',
    { type: 'text' },
    { type: 'text', text: { length: 1e9 } },
    { type: 'resource' },
    { type: 'resource', resource: 1 },
  ]
  const long = { ...text('x'.repeat(1500)), 'x-more': 1 }
  const { value } = await filter({ content: [...odd, long], messages: 'x'.repeat(2000) })
  expect(value['content']).toEqual([...odd, { ...long, text: expect.stringContaining('[cut: 500 of 1500') as string }])
  expect(value['messages']).toHaveLength(2000)
})

test('beside a text that is cut everything is as it was written', async () => {
  const source = `{"n":1.0,"content":[ {"type":"x","n":12345678901234567890},{"type":"text","p":0.10,"text":"${'x'.repeat(1500)}"},{"type":"text","text":"y"},{"type":"x","n":-0.0} ]}`
  const value = JSON.parse(source) as Record<string, unknown>
  const outgoing = { kind: 'result', method: 'tools/call', value, source: new VerbatimJson(value, source) } as const
  const json = jsonOf(await truncate(outgoing, context))
  expect(json).toBe(
    `{"n":1.0,"content":[{"type":"x","n":12345678901234567890},{"type":"text","p":0.10,"text":"${'x'.repeat(1000)}\\n[cut: 500 of 1500 characters and 1 text after them are missing]"},{"type":"x","n":-0.0}]}`,
  )
})

test('an error of a server floods nobody: its message is cut, its data whole or not there', async () => {
  const error = (message: string, data: object) => truncate({ kind: 'error', method: 'tools/call', value: { message, data } }, context)
  expect((await error('no', { a: 1 })).value).toEqual({ message: 'no', data: { a: 1 } })
  const { value } = await error('x'.repeat(1500), { a: 'y'.repeat(1000) })
  expect(value['message']).toContain('[cut: 500 of 1500')
  expect(value['data']).toBeUndefined()
})

test.for([
  ['result', 'tasks/get', (task: object) => task],
  ['notification', 'notifications/tasks', (task: object) => ({ method: 'notifications/tasks', params: task })],
] as const)('what a tool answers late is cut in a %s', async ([kind, method, wrap]) => {
  const task = { taskId: 't', result: { content: [text('x'.repeat(1500))] } }
  const { value } = await truncate({ kind, method, value: wrap(task) as Record<string, unknown> }, context)
  expect(JSON.stringify(value)).toContain('[cut: 500 of 1500')
})

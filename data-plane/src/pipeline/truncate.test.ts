import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aPolicy } from '../testing.ts'
import type { ToolAnswer } from '../servers/answer.ts'
import { UpstreamRpcError } from '../upstream/upstream.ts'
import { cutText, truncate, truncateError } from './truncate.ts'

const call = { policy: aPolicy({ settings: { truncateChars: 1000 } }) } as Parameters<typeof truncate>[1]
const filter = (answer: ToolAnswer) => truncate(answer, call)

test('an answer within the budget goes through as it is', async () => {
  const answer = { content: [{ type: 'text' as const, text: 'x'.repeat(1000) }] }
  expect(await filter(answer)).toBe(answer)
})

test('long text is cut and says how much is missing', async () => {
  const { content } = await filter({ content: [{ type: 'text', text: 'x'.repeat(1500) }] })
  expect(content).toEqual([{ type: 'text', text: `${'x'.repeat(1000)}\n[cut: 500 of 1500 characters are missing]` }])
})

test('the budget is for the whole answer; images do not count', async () => {
  const image = { type: 'image' as const, data: 'A'.repeat(5000), mimeType: 'image/png' }
  const { content } = await filter({ content: [{ type: 'text', text: 'a'.repeat(900) }, image, { type: 'text', text: 'b'.repeat(200) }] })
  expect(content[1]).toBe(image)
  expect(content[2]).toMatchObject({ text: expect.stringMatching(/^b{100}\n\[cut: 100 of 200/) })
})

test('structured data over the budget is not cut but refused, with a hint', async () => {
  const answer = await filter({ content: [], structuredContent: { rows: 'x'.repeat(2000) } })
  expect(answer.structuredContent).toBeUndefined()
  expect(answer.isError).toBe(true)
  expect(answer.content[0]).toMatchObject({ text: expect.stringContaining('too_large') })
})

test('a cut never leaves half a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (text, most) => {
      expect(cutText(text, most).isWellFormed()).toBe(true)
    }),
  )
})

test('a cut JSON text ends between two values, never inside one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.integer(), fc.object()), { minLength: 3 }),
      fc.integer({ min: 3, max: 80 }),
      (value, most) => {
        const text = JSON.stringify(value)
        if (text.length <= most) return
        const kept = cutText(text, most).split('\n[cut:')[0] ?? ''
        expect(text.startsWith(kept)).toBe(true)
        expect(['[', ',', '{', ']', '}']).toContain(kept.at(-1))
        expect((kept.match(/(?<!\\)(?:\\\\)*"/g) ?? []).length % 2).toBe(0)
      },
    ),
  )
})

test('blocks that are none, and fields that are not ours, pass beside text that is cut', async () => {
  const odd = [
    null,
    1,
    'x',
    { type: 'text' },
    { type: 'text', text: { length: 1e9 } },
    { type: 'text', text: 'x'.repeat(1500), 'x-more': 1 },
  ]
  const { content } = await filter({ content: odd } as unknown as ToolAnswer)
  expect(content.slice(0, 5)).toEqual(odd.slice(0, 5))
  expect(content[5]).toMatchObject({ 'x-more': 1, text: expect.stringContaining('[cut: 500 of 1500') })
})

test('an error of a server’s own floods nobody: its message is cut, its data whole or not there', () => {
  const fine = truncateError(new UpstreamRpcError(-32_000, 'no', { a: 1 }), 1000)
  expect([fine.code, fine.message, fine.data]).toEqual([-32_000, 'no', { a: 1 }])
  const long = truncateError(new UpstreamRpcError(-32_000, 'x'.repeat(1500), { a: 'y'.repeat(1000) }), 1000)
  expect(long.message).toContain('[cut: 500 of 1500')
  expect(long.data).toBeUndefined()
})

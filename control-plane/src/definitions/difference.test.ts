import { expect, test } from 'vitest'
import { describeDifferences } from './difference.ts'

const schema = (properties: object) => ({ description: 'Sends.', inputSchema: { type: 'object', properties } })

test('each difference is a sentence with the path of the value', () => {
  const before = schema({ to: { type: 'string' }, note: { type: 'string' } })
  const after = { ...schema({ to: { type: 'string', format: 'email' }, cc: { type: 'string' } }), description: 'Sends\u200b all.' }
  expect(describeDifferences(before, after)).toEqual([
    'description was "Sends.", and is "Sends<U+200B> all."',
    'inputSchema.properties.note.type is gone, which was "string"',
    'inputSchema.properties.to.format is new: "email"',
    'inputSchema.properties.cc.type is new: "string"',
  ])
  expect(describeDifferences(before, before)).toEqual([])
})

test('a schema that became empty is a difference', () => {
  expect(describeDifferences(schema({ to: {} }), schema({}))).toEqual([
    'inputSchema.properties.to is gone, which was {}',
    'inputSchema.properties is new: {}',
  ])
})

test('the description has a limit, however much differs', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`p${at}`, 'x'.repeat(10_000)]))
  const words = describeDifferences({}, many)
  expect(words).toHaveLength(51)
  expect(words.at(-1)).toBe('and 451 more differences')
  expect(words[1]?.length).toBeLessThan(400)
})

test('no difference is hidden by another of the same name, or by its length', () => {
  const alike = (value: number) => ({ 'a\u200b': value, 'a<U+200B>': 1, [`${'k'.repeat(200)}1`]: value, [`${'k'.repeat(200)}2`]: 1 })
  expect(describeDifferences(alike(1), alike(2))).toEqual(['a<U+200B> was 1, and is 2', `${'k'.repeat(100)}… was 1, and is 2`])
  const long = (end: string) => ({ description: 'x'.repeat(1000) + end })
  expect(describeDifferences(long('a'), long('b'))).toEqual([
    `description was …${'x'.repeat(30)}a" (1003 characters), and is …${'x'.repeat(30)}b" (1003 characters)`,
  ])
})

test('a definition with a million values is compared only up to a limit', () => {
  const large = (first: number) => ({ enum: [first, ...Array.from({ length: 1_000_000 }, () => 0)] })
  expect(describeDifferences(large(1), large(2))).toEqual(['enum[0] was 1, and is 2', 'it holds more than can be compared in words'])
})

import { expect, test } from 'vitest'
import { differenceWords } from './difference.ts'

const schema = (properties: object) => ({ description: 'Sends.', inputSchema: { type: 'object', properties } })

test('each difference is a sentence that names its place', () => {
  const before = schema({ to: { type: 'string' }, note: { type: 'string' } })
  const after = { ...schema({ to: { type: 'string', format: 'email' }, cc: { type: 'string' } }), description: 'Sends\u200b all.' }
  expect(differenceWords(before, after)).toEqual([
    'description was "Sends.", and is "Sends<U+200B> all."',
    'inputSchema.properties.note.type is gone, which was "string"',
    'inputSchema.properties.to.format is new: "email"',
    'inputSchema.properties.cc.type is new: "string"',
  ])
  expect(differenceWords(before, before)).toEqual([])
})

test('a schema that became empty is a difference', () => {
  expect(differenceWords(schema({ to: {} }), schema({}))).toEqual([
    'inputSchema.properties.to is gone, which was {}',
    'inputSchema.properties is new: {}',
  ])
})

test('however much differs, what is said is bounded', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`p${at}`, 'x'.repeat(10_000)]))
  const words = differenceWords({}, many)
  expect(words).toHaveLength(51)
  expect(words.at(-1)).toBe('and 451 more differences')
  expect(words[1]?.length).toBeLessThan(400)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { excessIn } from './complexity.ts'

const excess = (text: string) => excessIn(Buffer.from(text))
const list = (item: string, count: number) => `[${Array.from({ length: count }, () => item).join()}]`
const members = (count: number, key: (at: number) => string) =>
  `{${Array.from({ length: count }, (_, at) => `${JSON.stringify(key(at))}:1`).join()}}`

/** The limit is 20,000. Two keys whose hashes meet count as one, and of this many a handful may. */
const manyKeys = 20_100

test.for<[string, string]>([
  ['values', list('1', 260_000)],
  ['values', list('{}', 130_000)],
  ['different members', members(manyKeys, String)],
  ['different members', members(manyKeys, (at) => 'x'.repeat(100) + at)],
  ['different members', `[${Array.from({ length: manyKeys }, (_, at) => `{"k${at}":1}`).join()}]`],
  ['different members', `[${Array.from({ length: 5_000 }, (_, at) => members(5, (n) => `k${(at * 7 + n * n * at) % 4999}`)).join()}]`],
  ['levels', '['.repeat(513) + ']'.repeat(513)],
  ['levels', '{"a":'.repeat(513) + '1' + '}'.repeat(513)],
])('too many %s', ([what, text]) => {
  expect(excess(text)).toContain(what)
})

test.for<[string, string]>([
  ['a long text', JSON.stringify('x'.repeat(4_000_000))],
  ['a text of marks', JSON.stringify('[{,:"\\'.repeat(500_000))],
  ['twenty thousand rows of six columns', list('{"a":1,"b":"x","c":null,"d":[],"e":2.5,"f":true}', 20_000)],
  ['twenty thousand names', members(20_000, String)],
  ['as many levels as there may be', '['.repeat(512) + ']'.repeat(512)],
])('%s is not too much', ([, text]) => {
  expect(excess(text)).toBeUndefined()
})

test('what the bytes hold is seen in any spelling: strings hide nothing and add nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 12 }), (texts) => {
      const json = JSON.stringify([texts, Object.fromEntries(texts.map((text) => [text, text]))])
      const padded = `[${' '.repeat(1_100)}${json},${'['.repeat(510)}${']'.repeat(510)}]`
      expect(excess(padded)).toBeUndefined()
      expect(excess(`[${json},${'['.repeat(512)}${']'.repeat(512)}]`)).toContain('levels')
    }),
  )
})

test('bytes that are no JSON are walked to their end', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1_100, maxLength: 3_000 }), (bytes) => void excessIn(bytes)))
})

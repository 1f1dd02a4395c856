import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assembleObject, VerbatimJson } from './verbatim.ts'

const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>

/** Numbers that JavaScript cannot represent, and irregular spaces. */
const odd = '{ "long":12345678901234567890, "one": 1.0,"tiny":1e-400, "deep":{"n":[9007199254740993]} }'

test('an unchanged object is written as the original text', () => {
  const value = parsed(odd)
  expect(new VerbatimJson(value, odd).toJson(value)).toBe(odd)
  expect(new VerbatimJson(value, odd).toJson({ ...value })).toBe(odd)
})

test('changing, adding or removing a member leaves the other members as they were written', () => {
  const spelled = new VerbatimJson(parsed(odd), odd)
  expect(spelled.toJson({ ...parsed(odd), deep: 'x' })).toBe('{"long":12345678901234567890,"one":1.0,"tiny":1e-400,"deep":"x"}')
  const value = parsed(odd)
  const from = new VerbatimJson(value, odd)
  expect(from.toJson({ ...value, more: undefined, last: true })).toContain('"deep":{"n":[9007199254740993]},"last":true}')
})

test('a member of a message is written as it was in the message', () => {
  const message = `{"id":1,"p\\u0061rams": ${odd} ,"method":"m"}`
  const value = parsed(message)['params'] as Record<string, unknown>
  const spelled = new VerbatimJson(value, message, 'params')
  expect(spelled.memberJson('deep')).toBe('{"n":[9007199254740993]}')
  expect(spelled.memberJson('nothing')).toBeUndefined()
  expect(spelled.toJson(value)).toBe(odd)
  expect(spelled.toJson({ ...value, one: 2 })).toBe('{"long":12345678901234567890,"one":2,"tiny":1e-400,"deep":{"n":[9007199254740993]}}')
})

test.for(['{"a":1,"a":2}', '{"o":{"b":[{"c":1,"c":2}]},"a":2}', '{"x":{"__proto__":1,"__proto__":2}}', '{"k":{"a":1,"\\u0061":2}}'])(
  'an object with a key twice, as in %s, is written as JSON.parse read it',
  (text) => {
    const value = parsed(text)
    expect(new VerbatimJson(value, text).toJson({ ...value, more: 1 })).toBe(JSON.stringify({ ...value, more: 1 }))
    expect(new VerbatimJson(value, text).toJson(value)).toBe(JSON.stringify(value))
  },
)

test('any object with any change of its members is written as JSON of the same value', () => {
  const objects = fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  fc.assert(
    fc.property(objects, objects, fc.constantFrom(undefined, 1, '\t'), (before, changes, space) => {
      const text = JSON.stringify(before, null, space)
      const value = parsed(text)
      const now = { ...value, ...changes }
      expect(JSON.parse(new VerbatimJson(value, text).toJson(now))).toEqual(JSON.parse(JSON.stringify(now)))
      expect(JSON.parse(new VerbatimJson(value, `{"m":${text}}`, 'm').toJson(now))).toEqual(JSON.parse(JSON.stringify(now)))
    }),
  )
})

test('a change deep inside objects and lists leaves everything beside it as it was written', () => {
  const text = '{"n":1.0,"list":[ {"a":1.0,"b":1e400}, 2.0,{"c":-0.0} ],"o":{"p":{"q":9007199254740993,"r":"\\u0041"}}}'
  const value = parsed(text) as Record<string, unknown> & { list: [object, number, object]; o: { p: object } }
  const from = new VerbatimJson(value, text)
  const { list, o } = value
  expect(from.toJson({ ...value, list: [{ ...list[0], a: 2 }, list[1], list[2]], o: { p: { ...o.p, s: null } } })).toBe(
    '{"n":1.0,"list":[{"a":2,"b":1e400},2.0,{"c":-0.0}],"o":{"p":{"q":9007199254740993,"r":"\\u0041","s":null}}}',
  )
  expect(from.toJson({ ...value, list: [list[2]] })).toContain('"list":[{"c":-0.0}]')
  expect(from.toJson({ ...value, list: [list[0], list[2], undefined, 7] })).toContain('"list":[{"a":1.0,"b":1e400},{"c":-0.0},null,7]')
})

test('at() returns a nested object as it was written, unless a key occurs twice anywhere', () => {
  const text = '{"a":[{"b":1.0}, {"c":{"d" : 2.0}}],"__proto__":{"e":3.0}}'
  const from = new VerbatimJson(parsed(text), text)
  expect(from.at('a', 1, 'c')?.memberJson('d')).toBe('2.0')
  expect(from.at('__proto__')?.memberJson('e')).toBe('3.0')
  for (const path of [['a'], ['a', 2], ['a', 'b'], ['x', 'y'], ['constructor']] as const) expect(from.at(...path)).toBeUndefined()
  const twice = '{"a":{"b":1.0},"c":{"d":1,"d":2}}'
  expect(new VerbatimJson(parsed(twice), twice).at('a')).toBeUndefined()
})

test('an object assembled of members has each as it was written', () => {
  const { value, source } = assembleObject([
    ['a', { n: 1 }, '{"n":1.0}'],
    ['b', 'x', undefined],
    ['c', undefined, undefined],
  ])
  expect(value).toEqual({ a: { n: 1 }, b: 'x' })
  expect(source.toJson({ ...value, d: true })).toBe('{"a":{"n":1.0},"b":"x","d":true}')
})

test('a value of our own, which may have members that JSON has not, is written once', () => {
  let writes = 0
  const value = { absent: undefined, items: [undefined, { at: { toJSON: () => ++writes } }], text: 'x' }
  const from = VerbatimJson.ours(value)
  expect([from.toJson(value), from.toJson(value)]).toEqual(Array(2).fill('{"items":[null,{"at":1}],"text":"x"}'))
  expect(from.toJson({ ...value, text: 'y', absent: 1 })).toBe('{"absent":1,"items":[null,{"at":1}],"text":"y"}')
  expect(from.memberJson('absent')).toBeUndefined()
  expect(writes).toBe(1)
})

test('any value with any change inside is written as JSON of the changed value', () => {
  const value = fc.jsonValue({ maxDepth: 3 })
  const change = (of: unknown, by: unknown, at: number): unknown => {
    if (Array.isArray(of)) {
      const items: unknown[] = at % 3 === 0 ? of.filter((_, index) => index !== at % 5) : [...(of as unknown[])]
      return items.map((item, index) => (index === at % 4 ? change(item, by, at + 1) : item))
    }
    if (typeof of !== 'object' || of === null || at % 7 === 6) return by
    return Object.fromEntries(Object.entries(of).map(([key, one], index) => [key, index === at % 3 ? change(one, by, at + 1) : one]))
  }
  fc.assert(
    fc.property(value, value, fc.nat({ max: 100 }), fc.constantFrom(undefined, 1), (before, by, at, space) => {
      const text = JSON.stringify({ before }, null, space)
      const from = parsed(text)
      const now = { before: change(from['before'], by, at) }
      expect(JSON.parse(new VerbatimJson(from, text).toJson(now))).toEqual(JSON.parse(JSON.stringify(now)))
      expect(JSON.parse(VerbatimJson.ours(from).toJson(now))).toEqual(JSON.parse(JSON.stringify(now)))
    }),
    { numRuns: 300 },
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Spelling } from './spelling.ts'

const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>

/** What JavaScript's numbers cannot hold. */
const odd = '{ "long":12345678901234567890, "one": 1.0,"tiny":1e-400, "deep":{"n":[9007199254740993]} }'

test('what nobody changed is the text itself', () => {
  const value = parsed(odd)
  expect(new Spelling(value, odd).respell(value)).toBe(odd)
  expect(new Spelling(value, odd).respell({ ...value })).toBe(odd)
})

test('what is changed, added or left out changes nothing beside it', () => {
  const spelled = new Spelling(parsed(odd), odd)
  expect(spelled.respell({ ...parsed(odd), deep: 'x' })).toBe('{"long":12345678901234567890,"one":1.0,"tiny":1e-400,"deep":"x"}')
  const value = parsed(odd)
  const from = new Spelling(value, odd)
  expect(from.respell({ ...value, more: undefined, last: true })).toContain('"deep":{"n":[9007199254740993]},"last":true}')
})

test('a member of a message is written as it stood there', () => {
  const message = `{"id":1,"p\\u0061rams": ${odd} ,"method":"m"}`
  const value = parsed(message)['params'] as Record<string, unknown>
  const spelled = new Spelling(value, message, 'params')
  expect(spelled.of('deep')).toBe('{"n":[9007199254740993]}')
  expect(spelled.of('nothing')).toBeUndefined()
  expect(spelled.respell(value)).toBe('{"long":12345678901234567890,"one":1.0,"tiny":1e-400,"deep":{"n":[9007199254740993]}}')
})

test.for(['{"a":1,"a":2}', '{"o":{"b":[{"c":1,"c":2}]},"a":2}', '{"x":{"__proto__":1,"__proto__":2}}', '{"k":{"a":1,"\\u0061":2}}'])(
  'a key twice, as in %s, is passed on as it was read',
  (text) => {
    const value = parsed(text)
    expect(new Spelling(value, text).respell({ ...value, more: 1 })).toBe(JSON.stringify({ ...value, more: 1 }))
    expect(new Spelling(value, text).respell(value)).toBe(JSON.stringify(value))
  },
)

test('any object, changed anywhere, says what it says', () => {
  const objects = fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 })
  fc.assert(
    fc.property(objects, objects, fc.constantFrom(undefined, 1, '\t'), (before, changes, space) => {
      const text = JSON.stringify(before, null, space)
      const value = parsed(text)
      const now = { ...value, ...changes }
      expect(JSON.parse(new Spelling(value, text).respell(now))).toEqual(JSON.parse(JSON.stringify(now)))
      expect(JSON.parse(new Spelling(value, `{"m":${text}}`, 'm').respell(now))).toEqual(JSON.parse(JSON.stringify(now)))
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { membersOf } from './scan.ts'

const valuesIn = (text: string) =>
  Object.fromEntries(
    [...membersOf(text).spans].map(([key, { start, end }]): [string, unknown] => [key, JSON.parse(text.slice(start, end))]),
  )

test('membersOf finds every member of any object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t', '\n  '),
      (object, space) => {
        const text = JSON.stringify(object, null, space)
        expect(valuesIn(text)).toEqual(JSON.parse(text))
        expect(membersOf(text).duplicate).toBeUndefined()
      },
    ),
  )
})

test.for([
  ['{"a":1,"a":2}', 'a'],
  ['{"result":{},"id":1,"re\\u0073ult":[]}', 'result'],
  ['{"a":{"b":1,"b":2},"c":"a"}', undefined],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  [' { } ', undefined],
] as const)('in %s the duplicate key is %s', ([text, key]) => {
  expect(membersOf(text).duplicate).toBe(key)
})

test('escapes in a key are decoded, and an escaped quote does not end a string', () => {
  const text = '{"\\u0061":"\\\\","b":"x\\"}","c":[{"d":"]"}]}'
  expect(valuesIn(text)).toEqual({ a: '\\', b: 'x"}', c: [{ d: ']' }] })
})

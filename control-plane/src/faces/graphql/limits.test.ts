import { parse } from 'graphql'
import { expect, test } from 'vitest'
import { limitError } from './limits.ts'

const nested = (depth: number): string => (depth === 1 ? 'a' : `a { ${nested(depth - 1)} }`)

test.for([
  [12, undefined],
  [13, 'The question nests 13 deep; 12 is the most.'],
] as const)('a query of depth %i: %s', ([depth, message]) => {
  expect(limitError(parse(`{ ${nested(depth)} }`), {})?.message).toBe(message)
})

test('depth is counted through fragments', () => {
  const document = parse(`{ ...F } fragment F on Query { ${nested(13)} }`)
  expect(limitError(document, {})?.extensions.code).toBe('invalid_input')
})

test('only connections multiply the cost, by the requested page size', () => {
  const asks = (first: string) => parse(`{ users${first} { edges { node { ${'id '.repeat(98)} } } } }`)
  expect(limitError(asks('(first: 498)'), {})?.message).toBeUndefined()
  expect(limitError(asks('(first: 499)'), {})?.message).toContain('too much')
  expect(limitError(asks('(first: $n)'), { n: 499 })?.message).toContain('too much')
  expect(limitError(asks(''), {})?.message).toBeUndefined()
})

import { getIntrospectionQuery, parse } from 'graphql'
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

const error = (query: string) => limitError(parse(query), {})?.message
const whole = getIntrospectionQuery({
  inputValueDeprecation: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  oneOf: true,
})

test('the question that tools ask about the schema is answered', () => {
  expect(error(whole)).toBeUndefined()
  expect(error('{ __typename users { edges { node { __typename id } } } __type(name: "User") { fields { name } } }')).toBeUndefined()
})

const many = (count: number, field: (at: number) => string) => Array.from({ length: count }, (_, at) => field(at)).join(' ')

test.for([
  ['the schema under two names', '{ a: __schema { types { name } } b: __schema { types { name } } }', 'takes no aliases'],
  ['three hundred types', `{ ${many(300, (at) => `a${at}: __type(name: "User") { fields { name } }`)} }`, 'takes no aliases'],
  ['a part of it under two names', '{ __schema { a: types { name } b: types { name } } }', 'takes no aliases'],
  ['such parts in a fragment', '{ __schema { ...F } } fragment F on __Schema { a: types { name } b: types { name } }', 'takes no aliases'],
  [
    'lists of lists',
    '{ __schema { types { fields { args { type { fields { args { type { fields { name } } } } } } } } } }',
    'too much of the schema',
  ],
  ['twenty levels', `{ __type(name: "User") { ${'ofType { '.repeat(20)} name ${'}'.repeat(20)} } }`, '20 is the most'],
  ['names of types', `{ ${many(600, (at) => `a${at}: __typename`)} }`, 'asks for too much'],
  [
    'operations in a fragment',
    `{ ...F } fragment F on Query { ${many(600, (at) => `a${at}: settings { rateBurst }`)} }`,
    'asks for too much',
  ],
  [
    'operations in a fragment of a fragment',
    `{ ...G } fragment G on Query { ...F } fragment F on Query { ${many(600, (at) => `a${at}: settings { rateBurst }`)} }`,
    'asks for too much',
  ],
  ['depth beside names of types', `{ __typename ${nested(13)} }`, '12 is the most'],
] as const)('a question is bounded that asks for %s', ([, query, message]) => {
  expect(error(query)).toContain(message)
})

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

/** A thousand fields in a page of the size that the argument says: 49 rows of them cost nearly the limit. */
const pageOf = (first: string, variables = '') => `query Q${variables} { users${first} { edges { node { ${'id '.repeat(998)} } } } }`
const tooMuch = expect.stringContaining('asks for too much')

test.for<[first: string, variables: string, given: Record<string, unknown>, size: number | 'more']>([
  ['(first: 49)', '', {}, 49],
  ['(first: 50)', '', {}, 'more'],
  ['(first: 0)', '', {}, 'more'],
  ['(first: -2000000000)', '', {}, 'more'],
  ['(first: 4.0)', '', {}, 'more'],
  ['(first: "4")', '', {}, 'more'],
  ['(first: [4])', '', {}, 'more'],
  ['(first: null)', '', {}, 'more'],
  ['(first: $n)', '($n: Int)', { n: 49 }, 49],
  ['(first: $n)', '($n: Int)', { n: -49 }, 'more'],
  ['(first: $n)', '($n: Int)', { n: '4' }, 'more'],
  ['(first: $n)', '($n: Int)', { n: [4] }, 'more'],
  ['(first: $n)', '($n: Int)', { n: Number.NaN }, 'more'],
  ['(first: $n)', '($n: Int)', {}, 'more'],
  ['(first: $n)', '($n: Int = 49)', {}, 49],
  ['(first: $n)', '($n: Int = 50)', {}, 'more'],
  ['(first: $n)', '($n: Int = -49)', {}, 'more'],
  ['(first: $n)', '($n: Int = 1000)', { n: 49 }, 49],
  ['(first: $n)', '($n: Int = 49)', { n: 50 }, 'more'],
  ['(first: $n)', '($n: Int = 49)', { n: null }, 'more'],
])('a page%s of a query%s with %j is weighed as %s rows', ([first, variables, given, size]) => {
  expect(limitError(parse(pageOf(first, variables)), given)?.message).toEqual(size === 'more' ? tooMuch : undefined)
})

test.for(['(first: -2000000000)', '(first: 0)', '(first: 2000000000)'])('a page%s makes no other page cheaper', (first) => {
  const others = Array.from({ length: 50 }, (_, at) => `a${at}: users(first: 1000) { edges { cursor } }`).join(' ')
  expect(limitError(parse(`{ n: users${first} { edges { cursor } } ${others} }`), {})?.message).toEqual(tooMuch)
})

test('defaults of variables are those of their own operation', () => {
  const other = 'query R($n: Int = 1) { users(first: $n) { edges { cursor } } }'
  expect(limitError(parse(`${pageOf('(first: $n)', '($n: Int = 50)')} ${other}`), {})?.message).toEqual(tooMuch)
  expect(limitError(parse(`${other} ${pageOf('(first: $n)', '($n: Int = 50)')}`), {})?.message).toEqual(tooMuch)
  expect(limitError(parse(`${other} ${pageOf('(first: $n)', '($n: Int = 49)')}`), {})).toBeUndefined()
})

test.for([
  ['the ends of pages alone', (at: number) => `a${at}: users(first: 1000) { pageInfo { endCursor } }`],
  ['parts of chains', (at: number) => `a${at}: auditChain(plane: "p", afterSeq: 0, first: 1000) { misdated }`],
  ['parts of chains without their size', (at: number) => `a${at}: auditChain(plane: "p", afterSeq: 0) { misdated }`],
] as const)('a page costs its rows, although a query asks for %s', ([, field]) => {
  const query = (count: number) => parse(`{ ${Array.from({ length: count }, (_, at) => field(at)).join(' ')} }`)
  expect(limitError(query(20), {})).toBeUndefined()
  expect(limitError(query(90), {})?.message).toEqual(tooMuch)
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

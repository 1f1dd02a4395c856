import { expect, test } from 'vitest'
import { headersFor, paramHeadersOf } from './param-headers.ts'
import { ToolHeaders } from '../../upstream/modern/tool-headers.ts'

const of = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const text = (header: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': header })

test.for<[string, unknown]>([
  ['an empty name', of({ a: text('') })],
  ['a name that is no text', of({ a: text(1) })],
  ['a space in the name', of({ a: text('My Region') })],
  ['a colon in the name', of({ a: text('Region:Primary') })],
  ['a letter beyond ASCII', of({ a: text('Région') })],
  ['a line break in the name', of({ a: text('A\r\nX') })],
  ['an object', of({ a: text('A', 'object') })],
  ['a list', of({ a: text('A', 'array') })],
  ['null', of({ a: text('A', 'null') })],
  ['a number that is no integer', of({ a: text('A', 'number') })],
  ['several types', of({ a: text('A', ['string', 'null']) })],
  ['two of one name', of({ a: text('Region'), b: text('Region') })],
  ['two whose names differ in case', of({ a: text('MyField'), b: text('myfield') })],
  ['the root', { ...of({}), ...text('A') }],
  ['items of a list', of({ a: { type: 'array', items: text('A') } })],
  ['one of several', of({}, { anyOf: [of({ a: text('A') })] })],
  ['a definition', of({}, { $defs: { a: text('A') } })],
  ['a condition', of({}, { if: { properties: { a: text('A') } } })],
  ['an unknown keyword', of({}, { 'x-odd': { properties: { a: text('A') } } })],
])('an annotation with %s is invalid', ([, schema]) => {
  expect(() => paramHeadersOf(schema)).toThrow(expect.objectContaining({ name: 'InvalidAnnotation' }))
})

test.for<[string, unknown]>([
  ['no annotation', of({ a: { type: 'string' } })],
  ['an argument of that name', of({ 'x-mcp-header': { type: 'string' } })],
  ['a definition of that name', of({}, { $defs: { 'x-mcp-header': { type: 'string' } } })],
  ['data that looks like one', of({ a: { type: 'object', default: text(''), examples: [text('')], enum: [text('')] } })],
  ['no schema at all', undefined],
  ['a schema that is true', true],
])('%s is none', ([, schema]) => {
  expect(paramHeadersOf(schema)).toEqual([])
})

test('arguments become headers, at any depth; what is absent, null or not of a kind has none', () => {
  const annotations = paramHeadersOf(
    of({
      region: text('Region'),
      size: text('Size', 'integer'),
      dry: text('Dry-Run', 'boolean'),
      gone: text('Gone'),
      nothing: text('Nothing'),
      huge: text('Huge', 'integer'),
      empty: text('Empty'),
      deep: of({ er: text('Deep') }),
    }),
  )
  const args = { region: 'eu\nwest', size: 42, dry: false, nothing: null, huge: 2 ** 60, empty: '', deep: { er: 'd' } }
  expect(headersFor(annotations, args)).toEqual({
    'mcp-param-region': '=?base64?ZXUKd2VzdA==?=',
    'mcp-param-size': '42',
    'mcp-param-dry-run': 'false',
    'mcp-param-empty': '=?base64??=',
    'mcp-param-deep': 'd',
  })
})

test('what a client sends stands beside those, but never for an argument that its tool knows, given or not', () => {
  const headers = new ToolHeaders('things', () => undefined)
  headers.learn({ tools: [{ name: 't', inputSchema: of({ region: text('Region'), size: text('Size', 'integer') }) }] })
  const given = { 'mcp-param-region': 'us', 'mcp-param-size': '1', 'mcp-param-tenant': 'blue' }
  expect(headers.for({ name: 't', arguments: { region: 'eu' } }, given)).toEqual({ 'mcp-param-region': 'eu', 'mcp-param-tenant': 'blue' })
  expect(headers.for({ name: 'other' }, given)).toEqual(given)
})

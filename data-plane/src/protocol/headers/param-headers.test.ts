import { expect, test } from 'vitest'
import { passedParams } from './forwarded-params.ts'
import { headersFor, paramHeadersOf } from './param-headers.ts'
import { ToolHeaders } from '../../upstream/modern/tool-headers.ts'

const schemaOf = (properties: object, keywords: object = {}) => ({ type: 'object', properties, ...keywords })
const annotated = (header: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': header })

test.for<[string, unknown]>([
  ['an empty name', schemaOf({ a: annotated('') })],
  ['a name that is no text', schemaOf({ a: annotated(1) })],
  ['a space in the name', schemaOf({ a: annotated('My Region') })],
  ['a colon in the name', schemaOf({ a: annotated('Region:Primary') })],
  ['a letter beyond ASCII', schemaOf({ a: annotated('Région') })],
  ['a line break in the name', schemaOf({ a: annotated('A\r\nX') })],
  ['an object', schemaOf({ a: annotated('A', 'object') })],
  ['a list', schemaOf({ a: annotated('A', 'array') })],
  ['null', schemaOf({ a: annotated('A', 'null') })],
  ['a number that is no integer', schemaOf({ a: annotated('A', 'number') })],
  ['several types', schemaOf({ a: annotated('A', ['string', 'null']) })],
  ['two of one name', schemaOf({ a: annotated('Region'), b: annotated('Region') })],
  ['two whose names differ in case', schemaOf({ a: annotated('MyField'), b: annotated('myfield') })],
  ['the root', { ...schemaOf({}), ...annotated('A') }],
  ['items of a list', schemaOf({ a: { type: 'array', items: annotated('A') } })],
  ['one of several', schemaOf({}, { anyOf: [schemaOf({ a: annotated('A') })] })],
  ['a definition', schemaOf({}, { $defs: { a: annotated('A') } })],
  ['a condition', schemaOf({}, { if: { properties: { a: annotated('A') } } })],
  ['an unknown keyword', schemaOf({}, { 'x-odd': { properties: { a: annotated('A') } } })],
])('an annotation with %s is invalid', ([, schema]) => {
  expect(() => paramHeadersOf(schema)).toThrow(expect.objectContaining({ name: 'InvalidAnnotation' }))
})

test.for<[string, unknown]>([
  ['no annotation', schemaOf({ a: { type: 'string' } })],
  ['an argument of that name', schemaOf({ 'x-mcp-header': { type: 'string' } })],
  ['a definition of that name', schemaOf({}, { $defs: { 'x-mcp-header': { type: 'string' } } })],
  [
    'data that looks like one',
    schemaOf({ a: { type: 'object', default: annotated(''), examples: [annotated('')], enum: [annotated('')] } }),
  ],
  ['no schema at all', undefined],
  ['a schema that is true', true],
])('%s is not an annotation', ([, schema]) => {
  expect(paramHeadersOf(schema)).toEqual([])
})

test('arguments become headers, at any depth; an argument that is absent, null or unsafe as an integer gets none', () => {
  const annotations = paramHeadersOf(
    schemaOf({
      region: annotated('Region'),
      size: annotated('Size', 'integer'),
      dry: annotated('Dry-Run', 'boolean'),
      gone: annotated('Gone'),
      nothing: annotated('Nothing'),
      huge: annotated('Huge', 'integer'),
      empty: annotated('Empty'),
      deep: schemaOf({ er: annotated('Deep') }),
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

test("a client's own Mcp-Param headers are forwarded, but never one that the tool declares, whether its argument is present or not", () => {
  const headers = new ToolHeaders('things', () => undefined)
  headers.learn({ tools: [{ name: 't', inputSchema: schemaOf({ region: annotated('Region'), size: annotated('Size', 'integer') }) }] })
  const clientHeaders = { 'mcp-param-region': 'us', 'mcp-param-size': '1', 'mcp-param-tenant': 'blue' }
  expect(headers.for({ name: 't', arguments: { region: 'eu' } }, clientHeaders)).toEqual({
    'mcp-param-region': 'eu',
    'mcp-param-tenant': 'blue',
  })
  expect(headers.for({ name: 'other' }, clientHeaders)).toEqual(clientHeaders)
})

test('a header that CGI takes for one of the tool’s is not passed on beside it', () => {
  const declared = [{ path: ['id'], header: 'mcp-param-account_id' }]
  expect(() => passedParams({ 'mcp-param-account-id': '7' }, declared)).toThrow('can be read as one that the tool declares')
  expect(passedParams({ 'mcp-param-account_id': '7', 'mcp-param-other': '8' }, declared)).toEqual({ 'mcp-param-other': '8' })
})

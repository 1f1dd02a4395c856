import { afterAll, expect, test } from 'vitest'
import { renderer } from './server.ts'
import { callTool } from './testing.ts'
import { validateSpec } from './validate-spec.ts'

afterAll(() => renderer.close())

const data = { values: [{ a: 1, b: 2 }] }
const validate = async (spec: unknown) => (await callTool(validateSpec, { spec })).structuredContent

test.for([
  [
    { data, mark: 'barr' },
    { path: 'mark', message: '"barr" is not allowed here.', hint: 'Did you mean bar?' },
  ],
  [
    { data, mark: { type: 'bar', colour: 'red' } },
    { path: 'mark.colour', message: 'is not known here.', hint: 'Did you mean color?' },
  ],
  [
    { data, mark: 'bar', encoding: { x: { feild: 'a' } } },
    { path: 'encoding.x.feild', message: 'is not known here.', hint: 'Did you mean field?' },
  ],
  [
    { data, mark: 'bar', encoding: { x: { field: 'a', type: 'quantitativ' } } },
    { path: 'encoding.x.type', message: '"quantitativ" is not allowed here.', hint: 'Did you mean quantitative?' },
  ],
  [
    { data, mark: 'bar', width: 'big' },
    { path: 'width', message: '"big" is not allowed here.', hint: 'Allowed: container, a number.' },
  ],
  [
    { data, encoding: {} },
    { path: '', message: 'mark is missing.' },
  ],
  [
    { data, layer: [{ mark: 'line' }, { mark: 'rul' }] },
    { path: 'layer.1.mark', message: '"rul" is not allowed here.', hint: 'Did you mean rule?' },
  ],
  [
    { data: { url: 'x.csv' }, mark: 'bar' },
    { path: 'data.url', message: 'nothing is loaded from addresses.', hint: 'Put the rows into data.values as a list of objects.' },
  ],
] as const)('%j: the answer names the error, its path and a remedy', async ([spec, error]) => {
  expect(await validate(spec)).toEqual({ valid: false, errors: [error], warnings: [] })
})

test('a correct spec is valid', async () => {
  expect(await validate({ data, mark: 'bar', encoding: { x: { field: 'a', type: 'nominal' } } })).toEqual({
    valid: true,
    errors: [],
    warnings: [],
  })
})

test('a valid spec that would draw nothing gets a warning', async () => {
  expect(await validate({ data, mark: 'bar', encoding: { x: { field: 'town', type: 'nominal' } } })).toEqual({
    valid: true,
    errors: [],
    warnings: ['The rows have no field "town"; they have: a, b.'],
  })
})

test.for([
  [
    '{"mark": "bar",\n "data": {"values": [1,2}}',
    String.raw`it breaks at line 2, column 25, after "{\"mark\": \"bar\",\n \"data\": {\"values\": [1,2"`,
  ],
  ['{"a": tru}', String.raw`it breaks at line 1, column 10, after "{\"a\": tru"`],
  ['a bar chart, please', 'it breaks at line 1, column 1, after ""'],
  ['{"a": 1,', 'it ends too early'],
  ['{"a": "x', 'it ends too early'],
  [' ', 'it is empty'],
])('the text %j is refused as no JSON, with where it breaks', async ([spec, where]) => {
  await expect(callTool(validateSpec, { spec })).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining(` is no JSON: ${where}. Send the spec as an object, or mend the text.`) as string,
  })
})

import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import {
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ListToolsResultSchema,
} from '@modelcontextprotocol/sdk/types.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ListMethod } from '../list-methods.ts'
import { legacyTool, servable } from './servable.ts'
import { goodEntries, spoiled } from './testing.ts'

const tool = (more: object) => ({ name: 't', ...more })
const faultsOf = (entry: unknown, method: ListMethod = 'tools/list') => servable(method, entry).faults

test.for<[string, object, object | undefined, string]>([
  ['missing', {}, { type: 'object' }, 'The tool "t": inputSchema is missing; it is offered as {"type":"object"}.'],
  ['null', { inputSchema: null }, { type: 'object' }, 'The tool "t": inputSchema is null; it is offered as {"type":"object"}.'],
  [
    'empty',
    { inputSchema: {} },
    { type: 'object' },
    'The tool "t": inputSchema has no "type": "object" at its root; it is offered with it.',
  ],
  [
    'of alternatives',
    { inputSchema: { anyOf: [{ type: 'object' }] } },
    { anyOf: [{ type: 'object' }], type: 'object' },
    'The tool "t": inputSchema has no "type": "object" at its root; it is offered with it.',
  ],
  [
    'of an object or nothing',
    { inputSchema: { type: ['object', 'null'] } },
    { type: 'object' },
    'The tool "t": inputSchema has no "type": "object" at its root; it is offered with it.',
  ],
  [
    'of no object',
    { inputSchema: { type: 'string' } },
    undefined,
    'The tool "t": its inputSchema is not a schema of an object, so it is left out.',
  ],
  ['that is no schema', { inputSchema: [] }, undefined, 'The tool "t": its inputSchema is not a schema of an object, so it is left out.'],
])('a tool with an inputSchema %s is mended where that has one meaning, and else left out', ([, more, expected, fault]) => {
  const { entry, faults } = servable('tools/list', tool(more))
  expect(entry?.['inputSchema']).toEqual(expected)
  expect(faults).toEqual([fault])
})

test('members that nobody can read are left out, and the entry stays', () => {
  const { entry, faults } = servable('tools/list', {
    ...tool({ inputSchema: { type: 'object' }, title: null, 'x-vendor': 1 }),
    description: ['a'],
    annotations: { readOnlyHint: 'yes', destructiveHint: false },
    icons: [{ src: 'data:,' }, {}],
    outputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/gone' } } },
  })
  expect(entry).toEqual({
    ...tool({ inputSchema: { type: 'object' }, 'x-vendor': 1 }),
    annotations: { destructiveHint: false },
    icons: [{ src: 'data:,' }],
  })
  expect(faults).toEqual([
    'The tool "t": description is not a text, and is left out.',
    'The tool "t": icons[1] is not an icon with a src, and is left out.',
    'The tool "t": annotations.readOnlyHint is not true or false, and is left out.',
    'The tool "t": outputSchema cannot be used by clients (properties.a.$ref names nothing in the schema), and is left out.',
  ])
})

test.for<[ListMethod, unknown, string]>([
  ['tools/list', { inputSchema: {} }, 'The tool without a name: is no tool with a name, so it is left out.'],
  ['tools/list', { name: '', inputSchema: {} }, 'The tool without a name: its name is empty, so it is left out.'],
  ['tools/list', 7, 'The tool without a name: is no tool with a name, so it is left out.'],
  ['tools/list', { name: '\ud800', inputSchema: {} }, String.raw`The tool "\ud800": its name is no Unicode text, so it is left out.`],
  [
    'prompts/list',
    { name: 'p', arguments: [{}] },
    'The prompt "p": its arguments are not a list of which each is an argument with a name, so it is left out.',
  ],
  ['resources/list', { name: 'r' }, 'The resource "r": is no resource with a uri, so it is left out.'],
])('an entry of %s that cannot be used is left out, with a sentence', ([method, entry, fault]) => {
  expect(servable(method, entry)).toEqual({ entry: undefined, faults: [fault] })
})

test('a resource without a name has its address for one', () => {
  expect(servable('resources/list', { uri: 'a:b' }).entry).toEqual({ uri: 'a:b', name: 'a:b' })
})

test.for(Object.entries(goodEntries) as [ListMethod, object][])(
  'a good entry of %s stays the same object, and nothing is said of it',
  ([method, entry]) => {
    expect(servable(method, entry)).toEqual({ entry, faults: [] })
    expect(servable(method, entry).entry).toBe(entry)
  },
)

const officialSchemas = {
  'tools/list': (entry: unknown) => ListToolsResultSchema.parse({ tools: [entry] }),
  'prompts/list': (entry: unknown) => ListPromptsResultSchema.parse({ prompts: [entry] }),
  'resources/list': (entry: unknown) => ListResourcesResultSchema.parse({ resources: [entry] }),
  'resources/templates/list': (entry: unknown) => ListResourceTemplatesResultSchema.parse({ resourceTemplates: [entry] }),
}

test.for(Object.keys(officialSchemas) as (keyof typeof officialSchemas)[])(
  'whatever is wrong in an entry of %s, the official client accepts what is offered',
  (method) => {
    const validator = new AjvJsonSchemaValidator()
    for (const entry of spoiled(goodEntries[method])) {
      const { entry: offered, faults } = servable(method, entry)
      if (offered === undefined) expect(faults).not.toEqual([])
      if (offered === undefined) continue
      const asLegacy = method === 'tools/list' ? legacyTool(offered) : offered
      officialSchemas[method](asLegacy)
      const { outputSchema } = asLegacy
      if (outputSchema !== undefined) validator.getValidator(outputSchema as object)
    }
  },
)

const keywords =
  'type properties required items anyOf allOf oneOf not enum const $ref $id id pattern format patternProperties additionalProperties ' +
  'exclusiveMaximum maximum nullable dependencies $defs definitions if uniqueItems a b'

/** Schemas with keywords of JSON Schema that hold what they may not. */
const anySchema = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<unknown>(true, null, 7, 'x', '#', '#/$defs/a', '#/properties/a', '(', 'object', [], ['object', 'null'], ['a'], {}),
    fc.dictionary(fc.constantFrom(...keywords.split(' ')), tie('schema'), { maxKeys: 4 }),
    fc.array(tie('schema'), { maxLength: 2 }),
  ),
})).schema

test('the official client compiles every output schema that is offered', () => {
  const validator = new AjvJsonSchemaValidator()
  fc.assert(
    fc.property(anySchema, (properties) => {
      const outputSchema = { type: 'object', properties: { a: properties } }
      const { entry } = servable('tools/list', { name: 't', inputSchema: { type: 'object' }, outputSchema })
      if (entry?.['outputSchema'] !== undefined) validator.getValidator(entry['outputSchema'] as object)
    }),
    { numRuns: 2000, seed: 9 },
  )
})

test('a schema that would take a compiler long is looked at in its form alone', () => {
  const wide = { type: 'object', properties: Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`p${at}`, { type: 'string' }])) }
  expect(faultsOf({ name: 't', inputSchema: { type: 'object' }, outputSchema: wide })).toEqual([])
})

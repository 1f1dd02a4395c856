import { isObject } from '../../json/is-object.ts'

/** An entry of each list with every member that the protocol has. */
export const goodEntries = {
  'tools/list': {
    name: 't',
    title: 'T',
    description: 'Does.',
    icons: [{ src: 'data:,', mimeType: 'image/png', sizes: ['any'], theme: 'dark' }],
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
    },
    outputSchema: {
      type: 'object',
      properties: { a: { $ref: '#/$defs/a' }, b: { type: 'string', pattern: '^b', format: 'date' } },
      required: ['a'],
      $defs: { a: { enum: [1] } },
    },
    annotations: { title: 'T', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    execution: { taskSupport: 'optional' },
    _meta: { 'x/y': 1 },
  },
  'prompts/list': {
    name: 'p',
    title: 'P',
    description: 'Says.',
    icons: [{ src: 'data:,' }],
    arguments: [{ name: 'a', title: 'A', description: 'A.', required: true }],
    _meta: {},
  },
  'resources/list': {
    uri: 'a:b',
    name: 'b',
    title: 'B',
    description: 'Is.',
    icons: [{ src: 'data:,' }],
    mimeType: 'text/plain',
    size: 1,
    annotations: { audience: ['user'], priority: 0.5, lastModified: '2026-01-01T00:00:00Z' },
    _meta: {},
  },
  'resources/templates/list': {
    uriTemplate: 'a:{b}',
    name: 'b',
    title: 'B',
    description: 'Is.',
    mimeType: 'text/plain',
    annotations: { audience: ['user'], priority: 1 },
    _meta: {},
  },
  'skills/list': { uri: 'skill://a/SKILL.md', frontmatter: { name: 'a' } },
} as const

const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  '',
  'x',
  [],
  [null],
  ['x'],
  [[]],
  {},
  { type: 'string' },
  { a: null },
  { a: true },
]

/** The entry in every spoiled form: each member at any depth missing, or another value in its place. */
export function* spoiled(value: unknown): Generator {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries())
      for (const inner of [...oddValues, ...spoiled(item)]) yield value.map((kept: unknown, place) => (place === at ? inner : kept))
    return
  }
  if (!isObject(value)) return
  for (const [key, member] of Object.entries(value)) {
    const { [key]: _, ...rest } = value
    yield rest
    for (const inner of [...oddValues, ...spoiled(member)]) yield { ...value, [key]: inner }
  }
}

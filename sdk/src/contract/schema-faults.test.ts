import { expect, test } from 'vitest'
import { z } from 'zod'
import { Sha256, ShortHash } from './names.ts'
import { argumentFaults, schemaFaults } from './schema-faults.ts'

const Input = z.strictObject({ id: z.uuid(), grants: z.array(z.strictObject({ level: z.enum(['read', 'write']) })) })

const faultsOf = (value: unknown) => schemaFaults(Input.safeParse(value).error ?? { issues: [] })

test('each fault is named with its place, all in one line', () => {
  expect(faultsOf({ id: 'nope', grants: [{ level: 'root' }] })).toBe('id: must be a UUID; grants[0].level: must be one of read or write')
  expect(faultsOf(7)).toBe('must be an object')
})

test.for([
  [z.string(), undefined, 'is missing'],
  [z.string(), 7, 'must be text'],
  [z.int(), 'x', 'must be a number'],
  [z.int(), 1.5, 'must be a whole number'],
  [z.enum(['a', 'b', 'c']), 'd', 'must be one of a, b or c'],
  [z.literal(true), false, 'must be true'],
  [z.int().max(1000), 1001, 'must be at most 1000'],
  [z.string().max(3), 'long', 'must have at most 3 characters'],
  [z.array(z.int()).min(1), [], 'must have at least 1 entries'],
  [z.string().regex(/^a$/, 'a name is a'), 'b', 'a name is a'],
  [z.strictObject({}), { x: 1, y: 2 }, 'has unknown fields: x, y'],
  [z.union([z.string(), z.int()]), true, 'must be text, or must be a number'],
  [z.union([z.strictObject({ a: z.int() }), z.strictObject({ b: z.int() })]), { a: 'x' }, 'has none of the forms that it may have'],
  [z.union([Sha256, ShortHash]), 'x', 'a hash is 64 of 0-9 a-f, or a short hash is 8 of a-z 2-7, as "bir server definitions" prints it'],
  [z.iso.datetime(), 'x', 'must be a moment such as 2026-11-22T08:00:00Z'],
])('the fault of %# is in plain words', ([schema, value, words]) => {
  expect(schemaFaults((schema as z.ZodType).safeParse(value).error ?? { issues: [] })).toBe(words)
})

test('no name in the input breaks the line', () => {
  const id = crypto.randomUUID()
  expect(faultsOf({ id, grants: [], 'a\nb': 1 })).toBe('has an unknown field: a b')
  expect(schemaFaults(z.record(z.string(), z.int()).safeParse({ 'a\r\nb': 'x' }).error ?? { issues: [] })).toMatch(/^[^\r\n]+$/)
})

test('of many faults the first are named, and the others counted', () => {
  const faults = faultsOf({ id: crypto.randomUUID(), grants: Array.from({ length: 30 }, () => ({ level: 'read', more: 1 })) })
  expect(faults.split('; ')).toHaveLength(21)
  expect(faults).toMatch(/; and 10 more$/)
})

const Arguments = z.strictObject({
  query: z.string(),
  zone: z
    .string()
    .refine((name) => name === 'UTC', 'is no time zone.')
    .optional(),
  params: z.array(z.unknown().refine((value) => value === 1, 'must be 1')).optional(),
})

test.for([
  [{}, 'The argument query is missing.'],
  [{ query: 7 }, 'The argument query must be text.'],
  [{ query: 'x', zone: 'Mars/X' }, 'The argument zone "Mars/X" is no time zone.'],
  [{ query: 'x', zone: 'y'.repeat(80) }, 'The argument zone is no time zone.'],
  [{ query: 'x', params: [1, { a: 1 }, false] }, 'The argument params[1] must be 1. The argument params[2] false must be 1.'],
  [{ query: 'x', Query: 'x' }, 'Unknown argument: Query.'],
  [{ query: 'x', a: 1, 'b\n\nc': 1 }, 'Unknown arguments: a, b c.'],
  ['select 1', 'The input must be an object.'],
  [{ query: 'x', params: Array(23).fill(2) }, / And 3 more are wrong\.$/],
])('what is wrong with the arguments %j is said in sentences', ([args, sentences]) => {
  const { error } = Arguments.safeParse(args)
  expect(argumentFaults(error ?? { issues: [] }, args)).toEqual(sentences instanceof RegExp ? expect.stringMatching(sentences) : sentences)
})

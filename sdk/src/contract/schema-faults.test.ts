import { expect, test } from 'vitest'
import { z } from 'zod'
import { schemaFaults } from './schema-faults.ts'

const Input = z.strictObject({ id: z.uuid(), grants: z.array(z.strictObject({ level: z.enum(['read', 'write']) })) })

const faultsOf = (value: unknown) => schemaFaults(Input.safeParse(value).error ?? { issues: [] })

test('each fault is named with its place, all in one line', () => {
  expect(faultsOf({ id: 'nope', grants: [{ level: 'root' }] })).toBe(
    'id: Invalid UUID; grants[0].level: Invalid option: expected one of "read"|"write"',
  )
  expect(faultsOf(7)).toBe('Invalid input: expected object, received number')
})

test('no name in the input breaks the line', () => {
  const id = crypto.randomUUID()
  expect(faultsOf({ id, grants: [], 'a\nb': 1 })).toBe('Unrecognized key: "a b"')
  expect(schemaFaults(z.record(z.string(), z.int()).safeParse({ 'a\r\nb': 'x' }).error ?? { issues: [] })).toMatch(/^[^\r\n]+$/)
})

test('of many faults the first are named, and the others counted', () => {
  const faults = faultsOf({ id: crypto.randomUUID(), grants: Array.from({ length: 30 }, () => ({ level: 'read', more: 1 })) })
  expect(faults.split('; ')).toHaveLength(21)
  expect(faults).toMatch(/; and 10 more$/)
})

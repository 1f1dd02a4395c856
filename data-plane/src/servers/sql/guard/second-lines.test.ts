import { expect, test } from 'vitest'
import { ToolError } from '@bir/sdk/contract/errors'
import { checkPlan } from './plan.ts'
import type { KnownTable } from './resolve/tables.ts'
import { checkWords } from './tripwire.ts'

// The tripwire and the plan check refuse nothing as long as the walk is right. So they are tested here without it.

test.for([
  ['a table the walk overlooked', ['id', 'customers', 'salaries'], 'salaries'],
  ['a quoted table', ['"Salaries"'], 'Salaries'],
  ['a table in capitals', ['SALARIES'], 'salaries'],
  ['a name with a quote in it', ['"sal""aries"'], 'sal"aries'],
] as const)('the tripwire refuses %s', ([, words, name]) => {
  expect(() => checkWords(words, new Set(['id']), new Set(['customers']))).toThrow(`The name "${name}" could not be placed.`)
})

test('the tripwire accepts names that the walk has read or resolved', () => {
  expect(() => checkWords(['ID', '"Name"', 'customers'], new Set(['id', 'Name']), new Set(['customers']))).not.toThrow()
})

const customers: KnownTable = {
  oid: 1,
  schema: 'public',
  table: 'customers',
  isView: false,
  isPartitioned: false,
  hasRowSecurity: false,
  columns: [],
  primaryKey: [],
  hasClosedParts: false,
  underlyingTables: ['public.customers', 'public.customers_2024'],
}
const scan = (Schema: string, name: string) => ({ 'Node Type': 'Seq Scan', Schema, 'Relation Name': name })
const plan = (...nodes: object[]) => [{ Plan: { 'Node Type': 'Append', Plans: nodes } }]

test('the plan check accepts a table, its parts and the functions of the statement', () => {
  const call = { 'Node Type': 'Function Scan', 'Function Name': 'unnest' }
  expect(() => checkPlan(plan(scan('public', 'customers_2024'), call), [customers], new Set(['unnest']))).not.toThrow()
})

test.for([
  ['a table that was not resolved', scan('public', 'salaries')],
  ['the same name in another schema', scan('hr', 'customers')],
  ['a function that was not mentioned', { 'Node Type': 'Function Scan', 'Function Name': 'dblink' }],
  ['something below a subplan', { 'Node Type': 'Result', Plans: [{ 'Node Type': 'Limit', Plans: [scan('public', 'salaries')] }] }],
] as const)('the plan check refuses %s', ([, node]) => {
  expect(() => checkPlan(plan(node), [customers], new Set())).toThrow(ToolError)
})

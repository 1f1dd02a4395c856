import { expect, test } from 'vitest'
import { columnFate, mayRead, TableRules } from './tables.ts'

const rules = TableRules.parse({
  allow: ['public.*', 'sales.orders'],
  deny: ['public.salaries', '*.secrets'],
  mask: { 'public.customers': ['national_id', 'iban'] },
  hide: { '*.customers': ['iban'] },
})

test.for([
  ['public', 'customers', true],
  ['public', 'salaries', false],
  ['public', 'secrets', false],
  ['sales', 'orders', true],
  ['sales', 'invoices', false],
  ['pg_catalog', 'pg_class', false],
  ['public', 'Salaries', true],
] as const)('%s.%s may be read: %s', ([schema, table, may]) => {
  expect(mayRead(rules, { schema, table })).toBe(may)
})

test('without a rule no table may be read', () => {
  expect(mayRead(TableRules.parse({ allow: [] }), { schema: 'public', table: 'customers' })).toBe(false)
})

test.for([
  ['name', 'plain'],
  ['national_id', 'masked'],
  ['iban', 'hidden'],
] as const)('the column %s is %s: hide beats mask', ([column, fate]) => {
  expect(columnFate(rules, { schema: 'public', table: 'customers' }, column)).toBe(fate)
})

test.for(['customers', 'public.', '.x', 'a.b.c', 'public.cust*', "public.x'; drop"])('%s is no table pattern', (text) => {
  expect(TableRules.safeParse({ allow: [text] }).success).toBe(false)
})

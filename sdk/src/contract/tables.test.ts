import fc from 'fast-check'
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

test.for([
  'customers',
  'public.',
  '.x',
  'a.b.c',
  'public.cust*',
  "public.x'; drop",
  'public.""',
  'public."x',
  'public."a"b',
  'public.a"b"',
  '"public.x"',
  'public."a\0b"',
  'public.\ud800',
  'public.a\nb',
])('%j is no table pattern', (text) => {
  expect(TableRules.safeParse({ allow: [text] }).success).toBe(false)
})

test.for([
  ['public.pay-2024', 'public', 'pay-2024'],
  ['public."pay-2024"', 'public', 'pay-2024'],
  ['"s-old"."dotted.name"', 's-old', 'dotted.name'],
  ['public."a ""b"" *"', 'public', 'a "b" *'],
  ['public."*"', 'public', '*'],
  ['*.$pay#1', 'hr', '$pay#1'],
  ['maaş.əmək_haqqı', 'maaş', 'əmək_haqqı'],
  ['public.😀', 'public', '😀'],
] as const)('%s denies the table %s.%s and no other', ([pattern, schema, table]) => {
  const { deny, allow } = TableRules.parse({ allow: ['*.*'], deny: [pattern] })
  const denying = { allow, deny, hide: {}, mask: {} }
  expect(mayRead(denying, { schema, table })).toBe(false)
  expect(mayRead(denying, { schema, table: `${table}x` })).toBe(true)
  expect(mayRead(denying, { schema, table: 'pay' })).toBe(true)
})

const name = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.string({ unit: fc.constantFrom('a', 'A', '.', '"', '*', ' ', '\n', '-', '$', '😀'), minLength: 1, maxLength: 6 }),
)
const databaseName = name.filter((text) => !text.includes('\0'))
const quote = (text: string) => `"${text.replaceAll('"', '""')}"`

test('every name that PostgreSQL allows can be denied, hidden and masked, and the pattern means no other table', () => {
  fc.assert(
    fc.property(databaseName, databaseName, databaseName, databaseName, (schema, table, column, other) => {
      const pattern = `${quote(schema)}.${quote(table)}`
      const rules = TableRules.parse({
        allow: ['*.*'],
        deny: [pattern],
        hide: { [pattern]: [column] },
        mask: { [`*.${quote(table)}`]: [other] },
      })
      expect(mayRead(rules, { schema, table })).toBe(false)
      expect(mayRead(rules, { schema, table: other })).toBe(other !== table)
      expect(mayRead(rules, { schema: other, table })).toBe(other !== schema)
      expect(columnFate(rules, { schema, table }, column)).toBe('hidden')
      expect(columnFate(rules, { schema, table }, other)).toBe(other === column ? 'hidden' : 'masked')
      expect(columnFate(rules, { schema, table: `${table}x` }, column)).toBe('plain')
    }),
  )
})

test('a name without a dot, quote, blank or star means the same with and without quotes', () => {
  fc.assert(
    fc.property(databaseName, (table) => {
      const plain = TableRules.safeParse({ allow: [`public.${table}`] })
      if (!plain.success || table === '*' || table.startsWith('"')) return
      expect(mayRead(plain.data, { schema: 'public', table })).toBe(true)
    }),
  )
})

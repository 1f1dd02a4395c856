import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, aliceRules, leaks } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

async function describe(args: object, context = bank.context()) {
  const answer = await bank.call('describe_table', args, context)
  expect(leaks(answer)).toEqual([])
  return { ...answer.structuredContent, text: answer.content[0]?.type === 'text' ? answer.content[0].text : '' } as Record<string, unknown>
}

test('the description of a table omits hidden columns and marks masked ones', async () => {
  expect(await describe({ table: 'customers', sample: true })).toMatchObject({
    table: 'public.customers',
    kind: 'table',
    comment: 'People with an account',
    columns: [
      { name: 'id', type: 'integer', nullable: false, masked: false },
      { name: 'name', type: 'text', nullable: false, masked: false },
      { name: 'national_id', type: 'text', nullable: true, masked: true },
      { name: 'city', type: 'text', nullable: true, masked: false, comment: 'Where they live' },
      { name: 'joined', type: 'date', nullable: true, masked: false },
    ],
    primary_key: ['id'],
    // salaries refers to customers too, but alice may not read it.
    referenced_by: ['id = public.accounts(customer_id)'],
    sample: [
      [1, 'Ada', '•••6A', 'London', '2024-01-01'],
      [2, 'Ben', '•••7B', 'Leeds', '2024-01-02'],
      [3, 'Cyd', '•••8C', null, '2024-01-03'],
    ],
  })
})

test('the text of a description lists columns, keys and indexes', async () => {
  const { text } = await describe({ table: 'public.accounts' })
  expect(text).toBe(
    [
      'public.accounts (table)',
      'id integer not null',
      'customer_id integer not null',
      'iban text',
      'balance numeric(14,2)',
      'opened timestamp with time zone',
      'blob bytea',
      'primary key (id)',
      'index unique accounts_pkey (id)',
      'refers to: customer_id = public.customers(id)',
      'referred to by: id = public.transactions(account_id)',
    ].join('\n'),
  )
})

test('a hidden column is in no index and no foreign key', async () => {
  await bank.owner.query(`create index by_phone on customers (phone); create index phone_lower on customers (lower(phone));
    create index with_phone on customers (city) where phone is not null; create index by_city on customers (city)`)
  const rules = { ...aliceRules, hide: { ...aliceRules.hide, 'public.accounts': ['customer_id'] } }
  const customers = await describe({ table: 'customers' }, bank.context({ rules }))
  expect(customers['indexes']).toEqual(['by_city (city)', 'unique customers_national_id_key (national_id)', 'unique customers_pkey (id)'])
  expect(customers['referenced_by']).toEqual([])
  expect(JSON.stringify(customers)).not.toContain('phone')
})

test('the description of a table with a closed part has no sample rows', async () => {
  expect(await describe({ table: 'parent_notes', sample: true })).not.toHaveProperty('sample')
})

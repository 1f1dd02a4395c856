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

const rules = { ...aliceRules, allow: ['*.*'], deny: ['public.salaries'] }

test('an index tells its key, what it only carries, its condition, order and method, and is unique only in these words', async () => {
  await bank.owner.query(`create table parcels (id int primary key, code text, price int, closed date, tags int[], note text);
    create unique index covering on parcels (code) include (price); create unique index one_open on parcels (code) where closed is null;
    create index by_lower on parcels (lower(code), price desc nulls last); create index by_tag on parcels using gin (tags);
    create unique index "By Code" on parcels (code, price); grant select on parcels to ${bank.role}`)
  const { indexes, primary_key } = await describe({ table: 'parcels' }, bank.context({ rules }))
  expect(primary_key).toEqual(['id'])
  expect(indexes).toEqual([
    'unique By Code (code, price)',
    'by_lower (lower(code), price desc nulls last)',
    'by_tag using gin (tags)',
    'unique covering (code) include (price)',
    'unique one_open (code) where closed IS NULL',
    'unique parcels_pkey (id)',
  ])
})

test('a column tells its default, identity, generated value and the values of its enum; a table its checks and what a delete does', async () => {
  await bank.owner.query(`create type mood as enum ('sad', 'ok', 'so, so'); create domain moody as mood;
    create table orders (id int generated always as identity primary key, serial serial, customer_id int references customers on delete cascade,
      amount numeric(10, 2) default 1.10 check (amount > 0), double numeric generated always as (amount * 2) stored, state mood default 'ok', states mood[], again moody);
    grant select on orders to ${bank.role}`)
  const described = await describe({ table: 'orders' }, bank.context({ rules }))
  const values = ['sad', 'ok', 'so, so']
  expect(described['columns']).toMatchObject([
    { name: 'id', identity: 'always' },
    { name: 'serial', default: "nextval('orders_serial_seq'::regclass)" },
    { name: 'customer_id' },
    { name: 'amount', default: '1.10' },
    { name: 'double', generated: 'amount * 2::numeric' },
    { name: 'state', default: "'ok'::mood", values },
    { name: 'states', values },
    { name: 'again', values },
  ])
  expect(described['checks']).toEqual(['orders_amount_check: amount > 0::numeric'])
  expect(described['references']).toEqual(['customer_id = public.customers(id) on delete cascade'])
  expect(described['text']).toContain("state mood default 'ok'::mood one of: sad, ok, so, so")
})

test('no text of the catalogue tells a value of a masked or hidden column, or that a closed table exists', async () => {
  await bank.owner.query(`create type grade as enum ('GRADE-CANARY'); create sequence salaries_canary;
    create function from_salaries(regclass) returns int language sql immutable as 'select 1';
    create table graded (id int primary key default nextval('salaries_canary'), open int, secret text default 'SECRET-CANARY', hidden int default 4711001,
      level grade, other int default from_salaries('salaries'::regclass), twice int generated always as (hidden + 4711002) stored,
      constraint a_secret check (secret <> 'SECRET-CANARY'), constraint a_hidden check (hidden <> 4711003), constraint a_row check ((graded.*) is not null),
      constraint a_mix check (open > 4711004 or hidden > 0), constraint a_open check (open <> 7));
    create index on_secret on graded (open) where secret = 'SECRET-CANARY'; create index on_hidden on graded (open) where hidden = 4711005;
    create index by_secret on graded ((secret || 'SECRET-CANARY')); create index by_hidden on graded ((hidden + 4711006));
    create index by_row on graded ((graded.*)); create index by_table on graded (open) where from_salaries('salaries'::regclass) = 1;
    create index carries on graded (open) include (hidden); grant select on graded to ${bank.role}`)
  const closed = { ...rules, hide: { 'public.graded': ['hidden'] }, mask: { 'public.graded': ['secret', 'level'] } }
  const described = await describe({ table: 'graded' }, bank.context({ rules: closed }))
  expect(JSON.stringify(described)).not.toMatch(/CANARY|47110|salaries'|salaries_canary|hidden/)
  expect(described['checks']).toEqual(['a_open: open <> 7'])
  expect(described['indexes']).toEqual([
    'by_secret ((expression))',
    'by_table (open) where (a condition that is not shown)',
    'unique graded_pkey (id)',
    'on_secret (open) where (a condition that is not shown)',
  ])
  // It is generated from a hidden column, and would tell the value.
  expect(JSON.stringify(described)).not.toContain('twice')
})

test('a table of 1,600 columns is told in pages, or in those columns that are asked for', async () => {
  const columns = Array.from({ length: 1_600 }, (_, at) => `a_column_with_a_long_name_${at} int`)
  await bank.owner.query(`create table widest (${columns.join(', ')}); create index on widest (a_column_with_a_long_name_7);
    insert into widest (a_column_with_a_long_name_7) values (1); grant select on widest to ${bank.role}`)
  const context = bank.context({ rules, maxChars: 100_000 })
  const seen: string[] = []
  let cursor: unknown
  do {
    const { text, ...page } = await describe({ table: 'widest', sample: true, ...(typeof cursor === 'string' ? { cursor } : {}) }, context)
    expect(Math.max(JSON.stringify(page).length, String(text).length)).toBeLessThanOrEqual(100_000)
    seen.push(...(page['columns'] as { name: string }[]).map(({ name }) => name))
    expect(page['columns_total']).toBe(1_600)
    expect(page['indexes']).toHaveLength(cursor === undefined ? 1 : 0)
    cursor = page['next_cursor']
  } while (typeof cursor === 'string')
  expect(seen).toEqual(columns.map((column) => column.replace(' int', '')))

  const some = await describe({ table: 'widest', columns: 'NAME_159', sample: true }, context)
  expect((some['columns'] as { name: string }[]).map(({ name }) => name)).toEqual(
    ['', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `a_column_with_a_long_name_159${digit}`),
  )
  expect(some['sample']).toEqual([Array.from({ length: 11 }, () => null)])
})

test('what is told of the table as a whole leaves room for its columns, and the note says what is missing', async () => {
  await bank.owner.query(`create table indexed (a int, b int); grant select on indexed to ${bank.role}`)
  for (let at = 10; at < 40; at++) await bank.owner.query(`create index indexed_for_some_purpose_${at} on indexed (a, b)`)
  const { text, ...page } = await describe({ table: 'indexed', sample: true }, bank.context({ rules, maxChars: 2_000 }))
  expect(Math.max(JSON.stringify(page).length, String(text).length)).toBeLessThanOrEqual(2_000)
  expect(page['columns']).toHaveLength(2)
  expect(page['note']).toMatch(/^left out, because the answer would be too long: \d+ more indexes, the sample rows$/)
})

test('a name is understood as list_tables spells it and as a statement writes it', async () => {
  await bank.owner
    .query(`create schema "s-old"; create table "s-old"."dotted.name" ("a|b" int, "Big" int, "x\ny" int); create table "s-old".zebra (id int);
    grant usage on schema "s-old" to ${bank.role}; grant select on all tables in schema "s-old" to ${bank.role}`)
  const context = bank.context({ rules })
  for (const table of ['s-old.zebra', '"s-old".zebra', '"s-old"."zebra"'])
    expect(await describe({ table }, context)).toMatchObject({ table: 's-old.zebra', sql_name: '"s-old".zebra' })
  const { text } = await describe({ table: '"s-old"."dotted.name"' }, context)
  expect(text).toBe('"s-old"."dotted.name" (table)\n"a|b" integer\n"Big" integer\n"x\\ny" integer')
  expect(await describe({ table: '"accounts"' })).toMatchObject({ table: 'public.accounts' })
})

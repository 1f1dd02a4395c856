import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, aliceRules, failure, leaks } from '../testing.ts'
import type { Bank } from '../testing.ts'

let bank: Bank
beforeAll(async () => {
  bank = await aBank()
  // The same tables without the hidden column and with the masks as values: what alice must see, and nothing else.
  await bank.owner.query(`
    create schema seen;
    create table seen.customers (id int primary key, name text not null, national_id text, city text, joined date);
    insert into seen.customers select id, name, '•••' || right(national_id, 2), city, joined from customers;
    create table seen.accounts (like accounts including all);
    insert into seen.accounts select * from accounts`)
})
afterAll(() => bank[Symbol.asyncDispose]())

async function refusal(query: string) {
  const said = new Set<string>()
  for (const as of ['reader', 'superuser'] as const) {
    const error = await failure(bank.call('execute_query', { query }, bank.context({ as })))
    expect(leaks([error.message, error.hint])).toEqual([])
    said.add(`${error.code}: ${error.message}`)
  }
  expect(said.size).toBe(1)
  return [...said][0]
}

// `phone` is hidden in customers.
test.for([
  'select @ from customers',
  'select c.@ from customers c',
  'select customers.@ from customers',
  'select public.customers.@ from customers',
  'select id from customers where @ is not null',
  'select id from customers order by @',
  'select count(*) from customers group by @',
  'select max(@) from customers',
  'select id from customers c join accounts a using (@)',
  'select (select @) from customers',
  'select s.@ from (select id from customers) s',
  'select a.id from accounts a where exists (select from customers where @ = a.iban)',
  'select @ from customers, accounts',
])('a hidden column fails exactly like one that does not exist: %s', async (pattern) => {
  const hidden = await refusal(pattern.replaceAll('@', 'phone'))
  const absent = await refusal(pattern.replaceAll('@', 'fhone'))
  expect(hidden).toBe(absent?.replaceAll('fhone', 'phone'))
})

/** The rows as text; in any order where the statement asks for none. */
function rowsOf(query: string, content: unknown): string {
  const lines = (content as { rows: unknown[][] }).rows.map((row) => JSON.stringify(row))
  return (query.includes('order by') ? lines : lines.toSorted()).join('\n')
}

// `phone` is hidden in customers, and `national_id` is masked.
test.for([
  'select * from customers',
  'select c.* from customers c',
  'table customers',
  'select c from customers c',
  'select customers from customers',
  'select row_to_json(c) from customers c',
  'select to_jsonb(customers) from customers',
  'select c::text from customers c',
  'select (c.*)::text from customers c',
  'select row(c.*) from customers c',
  'select json_agg(c) from customers c',
  'select array_agg(c) from customers c',
  'select count(c) from customers c',
  'select c = c from customers c',
  'select c is null from customers c',
  'select md5(c::text) from customers c',
  'select * from customers natural join accounts',
  'select * from customers join accounts on true',
  'select j.* from (customers join accounts on true) j',
  'select id from customers natural join accounts',
  'select id from customers c order by c',
  'select 1 from customers c group by c',
  'with c as (table customers) select id from c',
  'select id from (select * from customers) c',
  'select s from (select c from customers c) s',
  'select id from customers where customers in (select c from customers c)',
  'select (select c from customers c limit 1)',
  'select l from customers c cross join lateral (select c.*) l',
  'values ((select c from customers c limit 1))',
  'select c.x3 from customers as c(x1, x2, x3)',
  'select x3 from customers as c(x1, x2, x3)',
  'select national_id || $$$$ from customers',
  'select upper(national_id) from customers',
  'select national_id::varchar from customers',
  'select cast(national_id as text) from customers',
  'select national_id collate "C" from customers',
  'select (array[national_id])[1] from customers',
  'select row(national_id) from customers',
  'select case when true then national_id end from customers',
  'select coalesce(national_id) from customers',
  'select min(national_id) from customers',
  'select count(national_id) from customers',
  'select string_agg(national_id, $$,$$) from customers',
  'select id from customers where national_id = $$QQ123456A$$',
  'select id from customers where national_id is null',
  'select id from customers where national_id like $$QQ%$$',
  'select id from customers where $$QQ123456A$$ in (select national_id from customers)',
  'select id from customers where exists (select national_id from customers)',
  'select (select national_id from customers limit 1)',
  'select array(select national_id from customers)',
  'select id from customers order by national_id',
  'select id, national_id as n from customers order by n',
  'select id, national_id from customers order by 2',
  'select national_id from customers group by national_id',
  'select national_id from customers group by 1',
  'select count(*) from customers group by rollup (national_id)',
  'select distinct national_id from customers',
  'select distinct on (national_id) id from customers',
  'select national_id from customers union select $$x$$',
  'select national_id from customers intersect select $$QQ123456A$$',
  'select national_id from customers except all select $$x$$',
  'select a.id from accounts a join customers c on c.national_id = a.iban',
  'select c.id from customers c join (select national_id from customers) d using (national_id)',
  'select id, row_number() over (order by national_id) from customers',
  'select id, lag(national_id) over (order by id) from customers',
  'select s.n from (select id, national_id as n from customers) s where s.n = $$x$$',
  'select s.x || $$$$ from (select national_id from customers) s(x)',
  'with c as (select national_id as n from customers) select upper(n) from c',
  'with c as (select national_id as n from customers) select 1 from c where n > $$a$$',
  'with recursive r(a, b, n) as (select national_id, $$x$$, 1 from customers union all select b, a, n + 1 from r where n < 3) select a, b from r',
  'select u from customers, unnest(array[national_id]) u',
  'select u from customers cross join lateral (select national_id::text as u) l',
  'select json_agg(s) from (select national_id from customers) s',
  'select s from (select national_id from customers) s',
  'select x from (select 1 as a, x from (select id, national_id as x from customers) i) o order by x',
  'select max(x3) from customers as c(x1, x2, y, x3)',
  'select national_id from customers limit (select max(length(national_id)) from customers)',
  'select phone from customers phone order by phone',
  'select c.id, c.name, c.national_id, count(*) from customers c join accounts a using (id) group by c.id order by c.id',
  'select id, upper(name) from customers group by public.customers.id order by max(city), customers.id',
  'select c.name, a.iban from customers c join accounts a using (id) group by c.id, a.id order by a.id',
  'select name, count(*) over () from customers group by 1, customers.id order by id',
  'select count(*) from customers tablesample bernoulli (100) repeatable (1)',
  'select c.a from customers as c(a, b) tablesample system (100)',
  'select c.national_id from only customers c order by id',
  'select national_id from only (customers) order by id',
  'select public.customers.national_id, public.accounts.id from public.customers, accounts order by 2, customers.id',
  'select public.customers.* from customers order by id',
  String.raw`select national_id from U&"cust\006fmers" order by id`,
  'select é."ünï", é.name from customers as é(id, name, "ünï") order by 1, 2',
  'with customers as (select national_id from customers) select upper(national_id) from customers order by 1',
  'with c as (table customers) table c',
  "select id from customers where national_id = '•••6A'",
  'select (select upper(national_id) from accounts limit 1) from customers order by id',
  'select json_array(select national_id from customers order by id)',
  'select a from accounts a order by id',
])('a statement sees a table with closed columns as one that has only the open ones: %s', async (query) => {
  const said = new Set<string>()
  for (const as of ['reader', 'superuser'] as const) {
    const { structuredContent } = await bank.call('execute_query', { query }, bank.context({ as }))
    expect(leaks(structuredContent)).toEqual([])
    said.add(rowsOf(query, structuredContent))
  }
  const open = { allow: ['seen.*'], deny: [], hide: {}, mask: {} }
  const seen = query.replaceAll('public.', 'seen.')
  const context = bank.context({ rules: open, as: 'superuser', settings: { schema: 'seen' } })
  const expected = await bank.call('execute_query', { query: seen }, context)
  expect([...said]).toEqual([rowsOf(query, expected.structuredContent)])
})

test('the answer names the masked columns that a statement shows or computes with', async () => {
  const masked = async (query: string) => (await bank.call('execute_query', { query })).structuredContent?.['masked']
  expect(await masked('select name from customers')).toEqual([])
  expect(await masked('select national_id as n from customers')).toEqual(['n'])
  expect(await masked('select upper(national_id) from customers')).toEqual(['national_id'])
  expect(await masked('select id from customers where national_id is null')).toEqual(['national_id'])
  expect(await masked('select c from customers c')).toEqual(['national_id'])
})

test('a fault that is due to a mask says so, and stands where the person wrote it', async () => {
  const query = 'select name, national_id + 1 from customers'
  const error = await failure(bank.call('execute_query', { query }))
  expect(error.message).toContain(`(at character ${query.indexOf('+') + 1})`)
  expect(error.hint).toContain('Masked for you, and so texts like "•••42": national_id.')
})

test.for([
  ['select national_id from customers order by id', '•••6A'],
  ['select x3 from customers as c(x1, x2, x3) order by x1', '•••6A'],
  ['select s.x as y from (select national_id as x, id from customers) s order by s.id', '•••6A'],
  ['with c as (select national_id n, id from customers), d as (select n, id from c) select n from d order by id', '•••6A'],
  ['select c.national_id from accounts a join customers c using (id) order by a.id', '•••6A'],
  ['select l.national_id from accounts a cross join lateral (select national_id from customers where id = a.id) l', '•••6A'],
  ['select national_id from customers where id = 1 union all select $$in plain sight$$', '•••6A'],
] as const)('a masked column selected by itself is returned masked: %s', async ([query, first]) => {
  for (const as of ['reader', 'superuser'] as const) {
    const { structuredContent } = await bank.call('execute_query', { query }, bank.context({ as }))
    expect((structuredContent as { rows: unknown[][] }).rows[0]?.[0]).toBe(first)
    expect(leaks(structuredContent)).toEqual([])
    expect(structuredContent?.['masked']).toHaveLength(1)
  }
})

test.for([
  ['select * from customers order by id', 3],
  ['table customers', 3],
  ['select c.* from accounts a join customers c using (id) order by c.id', 3],
  // USING puts its column first, so the position of the masked column changes.
  ['select * from accounts join customers using (id) order by id', 8],
  ['select * from (select * from customers) c order by id', 3],
  ['with c as (select * from customers) select a.id, c.* from accounts a join c on c.id = a.id order by a.id', 4],
  ['select j.* from (accounts a join customers c on a.id = c.id) as j(x) order by x', 9],
] as const)('when no column is hidden, a star returns its masked column masked: %s', async ([query, at]) => {
  const rules = { ...aliceRules, hide: {} }
  for (const as of ['reader', 'superuser'] as const) {
    const { structuredContent } = await bank.call('execute_query', { query }, bank.context({ as, rules }))
    const { rows, masked } = structuredContent as { rows: unknown[][]; masked: string[] }
    expect(rows.map((row) => row[at])).toEqual(['•••6A', '•••7B', '•••8C'])
    expect(masked).toEqual(['national_id'])
  }
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, leaks } from '../testing.ts'
import type { Bank } from '../testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

// Each line is a statement and the tables it reads, without their schema public.
test.for([
  ['select 1', ''],
  ['select id, name from customers', 'customers'],
  ['SELECT Id, NAME FROM Customers;', 'customers'],
  ['select id from public.customers', 'customers'],
  ['select id from "customers"', 'customers'],
  [String.raw`select id from U&"cust\006fmers"`, 'customers'],
  ['select /* a /* nested */ comment */ id -- to the end\n from customers', 'customers'],
  ['table accounts', 'accounts'],
  ["values (1, 'a'), (2, $$b$$)", ''],
  ['select * from accounts', 'accounts'],
  ['select a.* from accounts a', 'accounts'],
  [
    'select c.name, sum(a.balance) from customers c join accounts a on a.customer_id = c.id group by c.name order by 2 desc',
    'accounts customers',
  ],
  ['select name n, count(*) from customers group by n having count(*) > 0 order by n nulls last limit 5 offset 0', 'customers'],
  ['select count(*) filter (where city is null), max(joined) from customers', 'customers'],
  ['select id, row_number() over (partition by city order by joined desc) from customers', 'customers'],
  ['select id, sum(amount) over w from transactions window w as (order by id rows between 1 preceding and current row)', 'transactions'],
  ['select percentile_cont(0.5) within group (order by amount) from transactions', 'transactions'],
  ["select date_trunc('month', opened), extract(epoch from opened), opened at time zone 'utc' from accounts", 'accounts'],
  ["select substring(name from 1 for 2), position('a' in name), trim(both ' ' from name), name || '!' from customers", 'customers'],
  [
    "select case when city is null then 'none' else city end, coalesce(city, '-'), nullif(city, ''), greatest(1, 2) from customers",
    'customers',
  ],
  ["select details->>'shop', details#>>'{tags,0}', details @> '{}', jsonb_typeof(details) from transactions", 'transactions'],
  ["select t.value from transactions, jsonb_array_elements(details->'tags') t where id < 3", 'transactions'],
  ['select j.shop from transactions t cross join lateral jsonb_to_record(t.details) as j(shop text)', 'transactions'],
  ['select e.key, e.value from transactions cross join jsonb_each_text(details) e where id = 1', 'transactions'],
  ['select n, o from generate_series(1, 10) with ordinality as g(n, o)', ''],
  ["select day::date from generate_series('2024-01-01'::date, '2024-01-31', interval '1 day') day", ''],
  ['select u from unnest(array[1, 2]) u', ''],
  ['select id from customers where id in (select customer_id from accounts)', 'accounts customers'],
  ['select id from customers c where exists (select 1 from accounts where customer_id = c.id)', 'accounts customers'],
  ['select id, (select count(*) from accounts a where a.customer_id = c.id) from customers c', 'accounts customers'],
  [
    'select name, l.top from customers c left join lateral (select max(balance) as top from accounts where customer_id = c.id) l on true',
    'accounts customers',
  ],
  ['select id from customers where id = any(array[1, 2]) or id between 1 and 2 or name ilike $$a%$$', 'customers'],
  ['select id from customers union all select id from accounts order by id', 'accounts customers'],
  ['(select id from customers) except (select id from accounts limit 1)', 'accounts customers'],
  ['with c as (select id from customers) select * from c', 'customers'],
  // A common table expression may have the name of a closed table. It does not read that table.
  ['with salaries as (select id from accounts) select id from salaries', 'accounts'],
  ['select 1 as salaries', ''],
  ["select 'salaries' as word", ''],
  ['with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select sum(n) from t', ''],
  ['with recursive b as (select * from a), a as (select 1 as x) select x from b', ''],
  ['select s.count from (select count(*) from customers) s', 'customers'],
  ['select s.max, s.name from (select max(id), name::text from customers group by name) s', 'customers'],
  ['select id from customers tablesample bernoulli (50) repeatable (1)', 'customers'],
  ['select customers.id, public.accounts.iban from customers join accounts using (id)', 'accounts customers'],
  ['select j.id, j.iban from (accounts join transactions using (id)) as j', 'accounts transactions'],
  ['select city, count(*), grouping(city) from customers group by rollup (city), grouping sets ((city))', 'customers'],
  ['select distinct on (city) city, name from customers order by city, name', 'customers'],
  ['select count(distinct city), string_agg(name, $$,$$ order by name) from customers', 'customers'],
  ['select row_to_json(a) from accounts a', 'accounts'],
  ['select json_agg(t) from (select id, name from customers) t', 'customers'],
  ["select cast('1' as int), date '2024-01-01', 1::numeric(10, 2), '{1}'::int[], (array[1, 2])[1], current_date", ''],
  ['select pg_catalog.lower(name) from customers', 'customers'],
  ["select name collate \"C\", name like 'a!%' escape '!', name similar to 'a%' from customers", 'customers'],
  ['select id, paid from rich_customers', 'rich_customers'],
  ['select national_id from customers', 'customers'],
  ['select c.national_id as id_number, c.id from customers c where c.id > 0 order by c.id', 'customers'],
  ['select s.national_id from (select national_id from customers) s', 'customers'],
  ['with c as (select id, national_id from customers) select id, national_id from c', 'customers'],
  ['select national_id from customers union all select $$x$$', 'customers'],
  ['select id from only parent_notes', 'parent_notes'],
  ['select x.a from (values (1, 2)) x(a, b)', ''],
  ['select column2 from (values (1, 2)) x', ''],
  ['select 1 limit (select count(*) from customers)', 'customers'],
] as const)('accepted: %s', async ([query, tables]) => {
  const expected = tables
    .split(' ')
    .filter(Boolean)
    .map((name) => `public.${name}`)
  for (const as of ['reader', 'superuser'] as const) {
    const context = bank.context({ as })
    const explained = await bank.call('explain_query', { query }, context)
    expect((explained.structuredContent as { tables: string[] }).tables.toSorted()).toEqual(expected)
    const answer = await bank.call('execute_query', { query }, context)
    expect(leaks([answer, explained])).toEqual([])
  }
})

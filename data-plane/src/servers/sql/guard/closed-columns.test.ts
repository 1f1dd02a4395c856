import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TableRules } from '@bir/sdk/contract/tables'
import { aBank } from '../testing.ts'
import type { Bank } from '../testing.ts'

/*
 * Statements that once read closed columns. The guard took a name for a column of a function or subquery, where
 * PostgreSQL gives that column another name and so goes on to a column of the table around it.
 */

let bank: Bank
beforeAll(async () => {
  bank = await aBank()
  await bank.owner.query(`
    create table people (id int primary key, nickname text, name text, email text, text text, date date, "case" int, national_id text,
      secret_no int);
    insert into people select n, 'nick' || n, 'CANARY-name', 'CANARY-mail', 'CANARY-text', '2024-01-01', 770001, 'CANARY-natid', 770001
      from generate_series(1, 3) n;
    create table pay (id int, amount int);
    insert into pay values (1, 770001);
    create view people_v as select id, national_id as n, email, nickname, upper(nickname) as loud from people;
    create view people_w as select v.id, v.n, v.nickname as nick, length(v.n) as size, v.n || 'x' as longer from people_v v;
    create view pay_v as select id, amount, amount * 2 as double from pay;
    create view whole_v as select p.id, p::text as all_of_it from people p;
    create materialized view people_m as select id, email from people;
    create function public.all_people() returns table (id int, nid text) language sql as 'select id, national_id from public.people';
    create view function_v as select f.*, a.iban from all_people() f join accounts a using (id);
    create view count_v as select count(*) as n from pay;
    create view row_v as select to_json(p) as j from people p;
    create view pay_row_v as select to_json(s) as j, s::text as t from pay s;
    create view nested_row_v as select to_json(q) as j from (select p as r from people p) q;
    create view cte_row_v as with w as (select p from people p) select min(to_json(w)::text) as j from w;
    create view over_row_v as select j->>'email' as e from row_v;
    create table kin (id int, name text, email text);
    create table kin_child () inherits (kin);
    insert into kin_child values (1, 'CANARY-name', 'CANARY-mail');
    create view kin_v as select *, upper(email) as loud from kin_child;
    create table derived (id int, email text, loud text generated always as (upper(email)) stored, fine int generated always as (id * 2) stored);
    insert into derived values (1, 'CANARY-mail');
    create view derived_v as select * from derived;
    create function public.unnest(int[], int[]) returns setof text language sql security definer as 'select email from public.people';
    create table words (id int, a varchar);
    insert into words values (1, '5'), (2, '7');
    create function public.compares(varchar, varchar) returns boolean language sql security definer as 'select max(secret_no) > 770000 from public.people';
    create operator public.= (leftarg = varchar, rightarg = varchar, function = public.compares);
    create operator public.>= (leftarg = varchar, rightarg = varchar, function = public.compares);
    create operator public.<= (leftarg = varchar, rightarg = varchar, function = public.compares);
    create view fine_v as select a.id, a.iban, count(*) as n from accounts a group by a.id;
    create function public.length(accounts) returns text language sql security definer as 'select max(email) from public.people';
    create function public.lower(accounts) returns text language sql security definer as 'select max(email) from public.people';
    create function public.spies(accounts, accounts) returns boolean language sql as 'select true';
    create function public.tells(accounts, int) returns text language sql security definer as 'select max(email) from public.people';
    create operator public.+ (leftarg = accounts, rightarg = int, function = public.tells)`)
  await bank.owner.query(`grant select on all tables in schema public to ${bank.role}`)
})
afterAll(() => bank[Symbol.asyncDispose]())

const rules: TableRules = {
  allow: ['public.*'],
  deny: ['public.pay', 'public.salaries'],
  hide: {
    'public.people': ['name', 'email', 'text', 'date', 'case', 'secret_no'],
    'public.kin': ['name', 'email'],
    'public.derived': ['email'],
  },
  mask: { 'public.people': ['national_id'] },
}

const run = async (query: string, { tool = 'execute_query', tableRules = rules }: { tool?: string; tableRules?: TableRules } = {}) => {
  const said: unknown[] = []
  for (const as of ['reader', 'superuser'] as const) {
    const context = bank.context({ as, rules: tableRules })
    const answer = await bank.call(tool, tool === 'describe_table' ? { table: query } : { query }, context).then(
      ({ structuredContent }) => structuredContent,
      (error: unknown) => error,
    )
    said.push(answer instanceof Error ? [answer.message, (answer as { hint?: string }).hint] : answer)
  }
  return JSON.stringify(said)
}

test.for([
  'select (select email from rows from (generate_series(1, 1), generate_series(1, 1)) as email) from people',
  'select (select email from unnest(array[1], array[2]) as email) from people',
  'select (select upper(national_id) from unnest(array[1], array[2]) as national_id) from people limit 2',
  'select (select email from (select coalesce(p) from people p) as q(email) limit 1) from people',
  'select (select email from coalesce((select a from accounts a limit 1)) as email) from people',
  "select (select email from unnest(to_tsvector('simple', 'fox')) as email limit 1) from people",
  'select (select email from unnest(array(select a from accounts a)) as email limit 1) from people',
  "select (select name from (select '1'::name::text) q) from people",
  "select (select date from (select '2024-01-01'::date::text) q) from people",
  'select (select "case" from (select case when true then 1 end::text) q) from people',
  'select (select text from (select (a.*)::text from accounts a) q limit 1) from people',
  'select id from people where (select secret_no from unnest(array[1], array[2]) as secret_no) > 770000',
  'select id from people where exists (select email from unnest(array[1], array[2]) as email where email is not null)',
  'select id from people order by (select secret_no from unnest(array[1], array[2]) as secret_no)',
  'select id, row_number() over (order by (select secret_no from unnest(array[1], array[2]) as secret_no)) from people',
  `select upper(j.c9::text) from (unnest(to_tsvector('simple', 'fox')) as u cross join people p) as j(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9)`,
  `select j.c9 from (unnest(array(select a from accounts a where id = 1)) as u cross join people p) as j(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9)`,
  'select row_to_json(p), p::text, to_jsonb(p) from people p',
  'select * from people p natural join people_w',
  'select length(a) from accounts a',
  'select a.length from accounts a',
  'select lower(a) from accounts a order by lower(a)',
  'select pg_catalog.lower(a) from accounts a',
  'select a + 1 from accounts a',
  'select id from accounts a where a + 1 is not null',
])('no name leads to a closed column or to a function that reads one: %s', async (query) => {
  for (const tool of ['execute_query', 'explain_query']) expect(await run(query, { tool })).not.toMatch(/CANARY|77000\d/)
})

test('a function means the one of PostgreSQL, whatever a schema of the database adds', async () => {
  const { structuredContent } = await bank.call(
    'execute_query',
    { query: "select length(iban), lower('A'), 1 + 1 from accounts order by id limit 1" },
    bank.context({ rules }),
  )
  expect(structuredContent?.['rows']).toEqual([[22, 'a', 2]])
})

test.for([
  "select id from words where a between '6'::varchar and '6'::varchar",
  "select id from words where case a when '6'::varchar then true end",
  "select id from words where a in (select '6'::varchar)",
  "select id from words where not (a not in (select '6'::varchar))",
  "select words.id from words join (select '6'::varchar as a) t using (a)",
  "select words.id from words natural join (select '6'::varchar as a) t",
  "select id from words where a = '6'::varchar",
  "select id from words where (a, 1) = ('6'::varchar, 1)",
  "select id from words where a is not distinct from '6'::varchar",
  "select id from words where nullif(a, '6'::varchar) is null",
])('no syntax calls an operator that somebody made: %s', async (query) => {
  const { structuredContent } = await bank.call('execute_query', { query }, bank.context({ rules }))
  expect(structuredContent?.['rows']).toEqual([])
})

test('a generated column is closed with what it is made of', async () => {
  const { structuredContent } = await bank.call('execute_query', { query: 'select * from derived' }, bank.context({ rules }))
  expect(structuredContent?.['rows']).toEqual([[1, 2]])
})

test('a view shows a closed column of a table behind it as closed as the table does', async () => {
  const names = async (table: string, tableRules = rules) => {
    const { structuredContent } = await bank.call('describe_table', { table }, bank.context({ rules: tableRules }))
    return (structuredContent as { columns: { name: string; masked: boolean }[] }).columns.map(({ name, masked }) =>
      masked ? `${name}*` : name,
    )
  }
  // What a view computes is hidden when the view reads a closed column: it may be computed from that one.
  expect(await names('public.people_v')).toEqual(['id', 'n*', 'nickname'])
  expect(await names('public.people_w')).toEqual(['id', 'n*', 'nick'])
  expect(await names('public.people_m')).toEqual(['id'])
  expect(await names('public.whole_v')).toEqual(['id'])
  expect(await names('public.function_v')).toEqual(['iban'])
  expect(await names('public.count_v')).toEqual([])
  expect(await names('public.fine_v')).toEqual(['id', 'iban', 'n'])
  expect(await names('public.pay_v')).toEqual([])

  // An administrator who allows a view by its name opens what it computes, but no hidden or masked column.
  const named = { ...rules, allow: ['public.people_v', 'public.people_w', 'public.pay_v'] }
  expect(await names('public.people_v', named)).toEqual(['id', 'n*', 'nickname', 'loud'])
  expect(await names('public.people_w', named)).toEqual(['id', 'n*', 'nick', 'size', 'longer'])
  expect(await names('public.pay_v', named)).toEqual(['id', 'amount', 'double'])
})

test('a view whose columns cannot be traced shows none that may be closed, even when it is allowed by its name', async () => {
  await bank.owner.query(`
    create schema inner_room;
    create table inner_room.staff (id int, email text);
    insert into inner_room.staff values (1, 'CANARY-mail');
    create view staff_v as select id, email as contact from inner_room.staff;
    grant select on staff_v to ${bank.role}`)
  const named = { allow: ['public.staff_v'], deny: [], hide: { 'inner_room.staff': ['email'] }, mask: {} }
  // The gateway's role may not use the schema behind the view, so PostgreSQL does not describe the view's query to it.
  const { structuredContent } = await bank.call('describe_table', { table: 'public.staff_v' }, bank.context({ rules: named }))
  expect(structuredContent?.['columns']).toEqual([])
  expect(await run('select * from staff_v', { tableRules: named })).not.toContain('CANARY')
})

test.for([
  'select * from people_v order by id',
  'select upper(n), * from people_w',
  'table people_m',
  'select * from whole_v',
  'select pay_v from pay_v',
  'select v from people_v v',
  'select * from function_v',
  'select * from row_v',
  'select * from pay_row_v',
  'select * from nested_row_v',
  'select * from cte_row_v',
  'select * from over_row_v',
  'select * from kin_v',
  'select * from derived',
  'select * from derived_v',
  'select unnest(array[1], array[2])',
  'select array(select unnest(array[1], array[2]))',
  'select * from unnest(array[1], variadic array[2]) u',
])('no view leads to a closed column: %s', async (query) => {
  expect(await run(query)).not.toMatch(/CANARY|77000\d/)
})

test.for([
  ['select o from accounts o order by id limit 1', 1],
  ["select json_array(select id from accounts order by id), json_object('a': 1), json_array(1, 2)", 1],
  ["select json_objectagg(iban: id), json_arrayagg(id order by id), json('{}'), json_scalar(1), json_serialize('{}') from accounts", 1],
  ["select json_value('{\"a\": 1}', '$.a' returning int), json_exists('{}', '$.a'), json_query('{}', '$'), '{}' is json", 1],
  ['select u from unnest(string_to_array($$a,b$$, $$,$$)) u', 2],
  ["select lexeme from unnest(to_tsvector('simple', 'a fox'))", 2],
  ['select u from (select array_agg(id) as ids from accounts) a, unnest(a.ids) u', 3],
  ['select name::text, id::int from customers', 3],
  [`select id as "${'x'.repeat(70)}" from accounts limit 1`, 1],
] as const)('harmless, and accepted: %s', async ([query, rows]) => {
  const { structuredContent } = await bank.call('execute_query', { query }, bank.context({ rules }))
  expect(structuredContent?.['rows']).toHaveLength(rows)
})

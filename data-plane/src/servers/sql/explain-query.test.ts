import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, aliceRules } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

async function plan(query: string, params: unknown[] = [], context = bank.context()) {
  const { content } = await bank.call('explain_query', { query, params }, context)
  return content[0]?.type === 'text' ? content[0].text : ''
}

test('the plan of open tables is shown with its conditions', async () => {
  const text = await plan('select sum(amount) from transactions where account_id = $1', [2])
  expect(text).toMatch(
    /^Aggregate {2}\(cost=.* rows=1\)\n {2}-> Seq Scan on public.transactions {2}\(.*\)\n {7}Filter: \(transactions.account_id = 2\)$/,
  )
})

test('the query is planned and not run', async () => {
  expect(await plan('with recursive r(n) as (select 1 union all select n + 1 from r) select n from r')).toContain('Recursive Union')
})

test.for([
  ['behind a view', 'select id from rich_customers where paid', aliceRules],
  ['for a table with a hidden column', 'select id from customers where id = 1', aliceRules],
] as const)('%s, the plan shows neither conditions nor indexes nor tables the person may not read', async ([, query, rules]) => {
  const text = await plan(query, [], bank.context({ rules, as: 'superuser' }))
  expect(text).toContain('conditions and indexes are not shown')
  expect(text).not.toMatch(/salaries|phone|amount|Filter|Cond|pkey/)
})

test('the plan of a table with row-level security does not show the policy', async () => {
  await bank.owner.query(`create table letters (id int, body text); alter table letters enable row level security;
    create policy own on letters using (body <> 'private'); grant select on letters to ${bank.role}`)
  const rules = { ...aliceRules, allow: ['public.letters'] }
  const text = await plan('select id from letters', [], bank.context({ rules }))
  expect(text).toContain('conditions and indexes are not shown')
  expect(text).not.toMatch(/private|Filter/)
})

test('a partition has its name where the person may read it, and no name where they may not', async () => {
  await bank.owner
    .query(`create table logs (id int) partition by range (id); create table logs_new partition of logs for values from (0) to (10);
    create table logs_old partition of logs for values from (10) to (20); grant select on logs, logs_new, logs_old to ${bank.role}`)
  const text = await plan('select id from logs', [], bank.context({ rules: { ...aliceRules, allow: ['public.logs', 'public.logs_new'] } }))
  expect(text).toContain('on public.logs_new')
  expect(text).toContain('on an inner table')
  expect(text).not.toContain('logs_old')
})

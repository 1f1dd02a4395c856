import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TableRules } from '@bir/sdk/contract/tables'
import { aBank, aliceRules, failure } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

async function list(args: object, context = bank.context()) {
  const { structuredContent, content } = await bank.call('list_tables', args, context)
  const text = content[0]?.type === 'text' ? content[0].text : ''
  return { ...structuredContent, text } as unknown as {
    text: string
    items: { name: string; sql_name?: string; rows?: number; comment?: string }[]
    total: number
    next_cursor: string | null
    truncated: boolean
  }
}

const names = async (args: object, context = bank.context()) => (await list(args, context)).items.map(({ name }) => name)

const open = [
  'public.accounts',
  'public.audit_log',
  'public.customers',
  'public.parent_notes',
  'public.rich_customers',
  'public.transactions',
]

test('the list has only tables the person may read, with an estimate of rows', async () => {
  const { items, total } = await list({})
  expect(items.map(({ name }) => name)).toEqual(open)
  expect(total).toBe(6)
  expect(items.find(({ name }) => name === 'public.transactions')?.rows).toBe(300)
})

test('`*.*` opens no denied table, no system table, and none that the database role may not read', async () => {
  const rules = { ...aliceRules, allow: ['*.*'] }
  const listed = await names({}, bank.context({ rules }))
  expect(listed).toContain('hr.staff')
  expect(listed).not.toContain('public.salaries')
  expect(listed.filter((name) => /salaries|^pg_|information_schema|closed|child/.test(name))).toEqual([])
})

test('schema and query narrow the list; the query is plain text, not a pattern', async () => {
  expect(await names({ query: 'CUST' })).toEqual(['public.customers', 'public.rich_customers'])
  expect(await names({ query: 'with an account' })).toEqual(['public.customers'])
  expect(await names({ query: '%' })).toEqual([])
  expect(await names({ schema: 'hr' })).toEqual([])
})

async function pages(args: object, context = bank.context()): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list({ ...args, ...(cursor === undefined ? {} : { cursor }) }, context)
    seen.push(...page.items.map(({ name }) => name))
    cursor = page.next_cursor ?? undefined
    expect(page.truncated).toBe(cursor !== undefined)
  } while (cursor !== undefined)
  return seen
}

test('the pages together list every table once', async () => {
  expect(await pages({ limit: 2 })).toEqual(open)
  expect((await failure(list({ cursor: 'not ours!' }))).code).toBe('invalid_input')
  expect((await failure(list({ cursor: Buffer.from('{}').toString('base64url') }))).code).toBe('invalid_input')
})

const everything: TableRules = { ...aliceRules, allow: ['*.*'], deny: [] }

test('the pages lose no table whatever the names of schemas and tables are', async () => {
  const schemas = ['s', 's-old', 's old', 's$', 's.x', 'S', 's\u{1f600}', 's\uff5e']
  const tables = ['zzz', 'zebra', 'z"q', 'z.z', 'Z', 'z\u{1f600}', 'z\uff5e']
  const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
  for (const schema of schemas) {
    await bank.owner.query(`create schema ${quote(schema)}; grant usage on schema ${quote(schema)} to ${bank.role}`)
    for (const table of tables) await bank.owner.query(`create table ${quote(schema)}.${quote(table)} ()`)
    await bank.owner.query(
      `alter table ${quote(schema)}."zzz" add id int; grant select on all tables in schema ${quote(schema)} to ${bank.role}`,
    )
    for (const table of tables.slice(1)) await bank.owner.query(`alter table ${quote(schema)}.${quote(table)} add id int`)
  }
  const context = bank.context({ rules: everything })
  const names = schemas.flatMap((schema) => tables.map((table) => `${schema}.${table}`))
  for (const limit of [1, 7]) {
    const seen = await pages({ query: 'z', limit }, context)
    expect(seen.filter((name) => names.includes(name)).toSorted()).toEqual(names.toSorted())
    expect(new Set(seen).size).toBe(seen.length)
  }
})

test('a name that a statement must quote is told as the statement writes it', async () => {
  const context = bank.context({ rules: everything })
  const { items, text } = await list({ schema: 's-old' }, context)
  expect(items.find(({ name }) => name === 's-old.zebra')?.sql_name).toBe('"s-old".zebra')
  expect(text).toContain('"s-old"."z""q" (table')
  const query = `select count(*) from ${items.find(({ name }) => name === 's-old.z"q')?.sql_name}`
  expect((await bank.call('execute_query', { query }, context)).structuredContent).toMatchObject({ rows: [[0]] })
  expect((await list({ schema: 'public' })).items.every((item) => item.sql_name === undefined)).toBe(true)
})

test('rows that are not known are not told; those of a partitioned table are the sum of its partitions', async () => {
  await bank.owner.query(`create schema counts; create table counts.fresh (id int); create table counts.none (id int); analyze counts.none;
    create table counts.parted (id int) partition by range (id); create table counts.low partition of counts.parted for values from (0) to (300);
    create table counts.high partition of counts.parted for values from (300) to (1000) partition by range (id);
    create table counts.higher partition of counts.high for values from (300) to (1000);
    insert into counts.parted select generate_series(1, 400); insert into counts.fresh values (1);
    grant usage on schema counts to ${bank.role}; grant select on all tables in schema counts to ${bank.role}`)
  const rowsOf = async (deny: string[] = []) => {
    const { items } = await list({ schema: 'counts' }, bank.context({ rules: { ...everything, deny } }))
    return Object.fromEntries(items.map(({ name, rows }) => [name, rows]))
  }
  expect(await rowsOf()).toEqual({ 'counts.fresh': undefined, 'counts.none': 0, 'counts.parted': undefined })
  await bank.owner.query('analyze counts.low')
  expect((await rowsOf())['counts.parted']).toBeUndefined()
  await bank.owner.query('analyze counts.higher')
  expect((await rowsOf())['counts.parted']).toBe(400)
  // The rows of a closed part could be told from the sum.
  expect((await rowsOf(['counts.higher']))['counts.parted']).toBeUndefined()
})

test('a page has as many tables as an answer holds, and comments do not break its lines', async () => {
  await bank.owner.query(`create schema wordy; grant usage on schema wordy to ${bank.role}`)
  for (let at = 10; at < 40; at++)
    await bank.owner.query(
      `create table wordy.t${at} (id int); comment on table wordy.t${at} is E'${'long '.repeat(30)}\\n\\u202e'; grant select on wordy.t${at} to ${bank.role}`,
    )
  const context = bank.context({ rules: { ...everything, allow: ['wordy.*'] }, maxChars: 2_000 })
  const { text, ...page } = await list({ limit: 100 }, context)
  expect(page.items.length).toBeGreaterThan(3)
  expect(Math.max(JSON.stringify(page).length, text.length)).toBeLessThanOrEqual(2_000)
  expect(text.split('\n')).toHaveLength(page.items.length + 1)
  expect(text).not.toContain('\u202e')
  expect(await pages({ limit: 100 }, context)).toHaveLength(30)
})

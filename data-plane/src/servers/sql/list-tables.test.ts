import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, aliceRules, failure } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

async function list(args: object, context = bank.context()) {
  const { structuredContent } = await bank.call('list_tables', args, context)
  return structuredContent as { items: { name: string; rows?: number }[]; total: number; next_cursor: string | null; truncated: boolean }
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

test('the pages together list every table once', async () => {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 2, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.items.map(({ name }) => name))
    cursor = page.next_cursor ?? undefined
    expect(page.truncated).toBe(cursor !== undefined)
  } while (cursor !== undefined)
  expect(seen).toEqual(open)
  expect((await failure(list({ cursor: 'not ours!' }))).code).toBe('invalid_input')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, failure } from '../testing.ts'
import type { Bank } from '../testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

const absent = 'no_table'

// The answers must be equal byte for byte, with their hints. Otherwise a refusal would tell which tables exist.
test.for(['salaries', 'salary_view', 'child_notes', 'audit_log_open', 'pg_class', 'pg_authid'])(
  'a closed table fails exactly like one that does not exist: %s',
  async (closed) => {
    for (const query of [
      'select * from @',
      'select @.id from @',
      'select 1 from customers natural join @',
      'select id from customers where id in (select 1 from @)',
    ]) {
      const answers = [closed, absent].map(async (name) => {
        const error = await failure(bank.call('execute_query', { query: query.replaceAll('@', name) }))
        return JSON.stringify([error.code, error.message, error.hint, error.retryable]).replaceAll(name, '@')
      })
      const [one, other] = await Promise.all(answers)
      expect(one).toBe(other)
    }
  },
)

// A check against the names of closed tables would refuse the first of each pair and accept the second.
test.for([
  'select 1 as @',
  'select @.id from customers as @',
  'with @ as (select 1 as x) select x from @',
  "select '@'",
  'select 1 /* @ */',
  'select id from customers -- @',
  'select x.@ from (values (1)) x(@)',
  'select 1 as "@"',
])('the name of a closed table may be used for anything but a table: %s', async (query) => {
  const [one, other] = await Promise.all(
    ['salaries', absent].map(async (name) => {
      const { structuredContent } = await bank.call('execute_query', { query: query.replaceAll('@', name) })
      return JSON.stringify({ ...structuredContent, duration_ms: 0 }).replaceAll(name, '@')
    }),
  )
  expect(one).toBe(other)
})

test.for([
  ['a function', 'select @(1)', 'peek', 'no_function'],
  ['a type', 'select null::@', 'salaries', 'no_type'],
  ['a schema', 'select * from @.staff', 'hr', 'no_schema'],
] as const)('%s that exists is refused exactly like one that does not', async ([, query, one, other]) => {
  const said = await Promise.all(
    [one, other].map(async (name) => {
      const { code, message, hint } = await failure(bank.call('execute_query', { query: query.replace('@', name) }))
      return JSON.stringify([code, message, hint]).replaceAll(name, '@')
    }),
  )
  expect(said[0]).toBe(said[1])
})

test('describe_table fails in the same way for a closed table, a system table and one that does not exist', async () => {
  const said = await Promise.all(
    ['salaries', absent, 'pg_class'].map(async (table) => {
      const { code, message, hint } = await failure(bank.call('describe_table', { table }))
      return JSON.stringify([code, message, hint]).replaceAll(table, '@')
    }),
  )
  expect(new Set(said).size).toBe(1)
})

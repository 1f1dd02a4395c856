import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ToolError } from '@bir/sdk/contract/errors'
import type { TableRules } from '@bir/sdk/contract/tables'
import { aBank, aliceRules, leaks, type Bank } from '../testing.ts'

let bank: Bank
let twin: Bank
beforeAll(async () => void ([bank, twin] = await Promise.all([aBank(), aBank('twin')])))
afterAll(() => Promise.all([bank[Symbol.asyncDispose](), twin[Symbol.asyncDispose]()]))

const table = fc.constantFrom(
  'customers',
  'accounts',
  'salaries',
  'public.salaries',
  '"salaries"',
  'salary_view',
  'rich_customers',
  'parent_notes',
  'child_notes',
  'x',
  'y',
)
const column = fc.constantFrom(
  'id',
  'name',
  'amount',
  'phone',
  'national_id',
  'customer_id',
  'note',
  'x',
  '*',
  'c',
  's',
  'x.amount',
  'x.phone',
  'c.*',
  's.amount',
  'c.national_id',
  'c.phone',
  'y.x',
  'x.x',
)
const wrap = fc.constantFrom(
  '@',
  'max(@)',
  '(@)::text',
  'row_to_json(@)',
  'json_agg(@)',
  "coalesce(@::text, '')",
  'array[@]',
  'row(@)',
  '@ as x',
  'x(@)',
  'count(@)',
  'case when true then @ end',
)
const alias = fc.constantFrom('', ' c', ' s', ' x', ' as x(id, x, x3, amount)', ' as salaries')
const join = fc.constantFrom(', ', ' join @ on true', ' natural join ', ' cross join lateral ', ' left join ', ' join using ')
const tail = fc.constantFrom('', ' order by 1', ' group by 1', ' where @ is not null', ' limit 2', ' order by @', ' having count(*) > 0')

/** Queries from fragments: most are refused or wrong, and those that pass are the ones that matter. */
const { query } = fc.letrec<{ query: string; from: string; item: string; output: string }>((tie) => ({
  output: fc.oneof(
    { maxDepth: 2 },
    fc.tuple(wrap, column).map(([wrap, column]) => wrap.replace('@', column)),
    tie('query').map((query) => `(${query})`),
    tie('query').map((query) => `array(${query})`),
  ),
  item: fc.oneof(
    { maxDepth: 2 },
    fc.tuple(table, alias).map(([table, alias]) => table + alias),
    fc.tuple(tie('query'), alias).map(([query, alias]) => `(${query})${alias}`),
    fc.tuple(tie('query'), alias).map(([query, alias]) => `lateral (${query})${alias}`),
  ),
  from: fc.oneof(
    { maxDepth: 2 },
    tie('item'),
    fc
      .tuple(tie('item'), join, tie('item'))
      .map(([a, how, b]) =>
        how.includes('@')
          ? a + how.replace('@', b)
          : how.includes('left')
            ? `${a} left join ${b} on true`
            : how.includes('using')
              ? `${a} join ${b} using (id)`
              : a + how + b,
      ),
  ),
  query: fc.oneof(
    { maxDepth: 2 },
    fc
      .tuple(fc.array(tie('output'), { minLength: 1, maxLength: 3 }), tie('from'), tail, column)
      .map(([outputs, from, tail, column]) => `select ${outputs.join(', ')} from ${from}${tail.replace('@', column)}`),
    fc.tuple(table, tie('query'), tie('query')).map(([name, inner, outer]) => `with ${name.replace('public.', '')} as (${inner}) ${outer}`),
    fc
      .tuple(table, tie('query'), tie('query'), tie('query'))
      .map(([name, a, b, c]) => `with recursive ${name.replace('public.', '')} as ((${a}) union all (${b})) ${c}`),
    fc
      .tuple(tie('query'), fc.constantFrom(' union all ', ' union ', ' except '), tie('query'))
      .map((parts) => `(${parts[0]})${parts[1]}(${parts[2]})`),
    table.map((name) => `table ${name}`),
  ),
}))

const settings = { timeoutMs: 5_000 }

/** What a person learns of a statement: rows, or the words of a refusal. */
async function learnt(bank: Bank, query: string, rules = aliceRules): Promise<unknown> {
  // The superuser: the guard alone has to hold.
  const context = bank.context({ as: 'superuser', settings, rules })
  return bank.call('execute_query', { query, limit: 50 }, context).then(
    ({ structuredContent }) => ({ ...structuredContent, duration_ms: 0 }),
    (error: unknown) => {
      if (error instanceof ToolError) return [error.code, error.message, error.hint]
      throw error
    },
  )
}

test('two banks that differ only in what is closed cannot be told apart by any statement', { timeout: 120_000 }, async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(query, async (query) => {
      const [one, other] = [await learnt(bank, query), await learnt(twin, query)]
      if (!Array.isArray(one)) answered++
      expect(one).toEqual(other)
      expect(leaks(one)).toEqual([])
    }),
    { numRuns: 1_000 },
  )
  expect(answered).toBeGreaterThan(10)
})

test('the statements above would tell, were nothing closed', { timeout: 60_000 }, async () => {
  const open: TableRules = { allow: ['public.*'], deny: [], hide: {}, mask: {} }
  const answers = await Promise.all(fc.sample(query, 300).map((query) => learnt(bank, query, open)))
  expect(answers.filter((answer) => leaks(answer).length > 0).length).toBeGreaterThan(10)
})

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ToolError } from '@bir/sdk/contract/errors'
import { aBank, leaks, type Bank } from '../testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

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
      .map(([name, a, b, c]) => `with recursive ${name.replace('public.', '')} as (${a} union all ${b}) ${c}`),
    fc.tuple(tie('query'), fc.constantFrom(' union all ', ' union ', ' except '), tie('query')).map((parts) => parts.join('')),
    table.map((name) => `table ${name}`),
  ),
}))

test('whatever the statement, no value of a closed table, a hidden or a masked column comes back', { timeout: 60_000 }, async () => {
  const context = bank.context({ as: 'superuser', ...(process.env.OPEN ? {rules:{allow:['public.*'],deny:[],hide:{},mask:{}}} : {}), settings: { timeoutMs: 2_000 } })
  let answered = 0, leaked = 0, ok2 = 0; const why = {} as any
  await fc.assert(
    fc.asyncProperty(query, async (query) => {
      const said = await bank.call('execute_query', { query, limit: 50 }, context).catch((error: unknown) => {
        if (error instanceof ToolError) return [error.message, error.hint]
        throw error
      })
      if (!Array.isArray(said)) answered++
      if (leaks(said).length) leaked++; else if (!Array.isArray(said)) ok2++; else why[String(said[0]).replace(/"[^"]*"/g,'Q').slice(0,60)] = (why[String(said[0]).replace(/"[^"]*"/g,'Q').slice(0,60)] ?? 0) + 1
    }),
    { numRuns: 3_000 },
  )
  console.log({answered, leaked, why})
})

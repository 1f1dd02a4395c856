import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { ToolError } from '@bir/sdk/contract/errors'
import type { TableRules } from '@bir/sdk/contract/tables'
import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import { describeStatement } from '../postgres/session/describe-statement.ts'
import { postgresDialect } from '../postgres/dialect.ts'
import { readKnownTables } from '../postgres/catalogue/known-tables.ts'
import { aBank, aliceRules } from '../testing.ts'
import type { Bank } from '../testing.ts'
import { checkOrigins } from '../postgres/origins.ts'
import { judge, readStatement } from './guard.ts'
import type { Verdict } from './guard.ts'

/*
 * PostgreSQL and the guard each say which columns a statement returns. For every statement that the guard accepts, the
 * two must say the same: as many columns, of the same names, from the same columns of tables. To compare more than the
 * suite does: `FUZZ_RUNS=50000 npm test -- data-plane/src/servers/sql/guard/differential.test.ts`. A failure names its
 * seed, and FUZZ_SEED repeats it.
 */

declare module 'vitest' {
  export interface ProvidedContext {
    fuzz: { runs: number; seed: number }
  }
}

const { runs, seed } = inject('fuzz')

let bank: Bank
let pool: Pool
let client: PoolClient
beforeAll(async () => {
  bank = await aBank()
  await bank.owner.query(`
    create type pair as (id int, name text);
    create table things (id int primary key, name name, date date, text text, tags text[], words tsvector, pairs pair[], pair pair,
      json json, jsonb jsonb, "case" int, "Mixed Name" int);
    insert into things values (1, 'n', '2024-01-01', 't', '{a,b}', 'fox', array[row(1, 'a')::pair], row(2, 'b'), '{}', '{"a": 1}', 3, 4)`)
  const { host, port, user, password, database } = bank.owner
  pool = new Pool({ host, port, database: database ?? '', user: user ?? '', ...(password ? { password } : {}), max: 1 })
  client = await pool.connect()
})
afterAll(async () => {
  client.release()
  await pool.end()
  await bank[Symbol.asyncDispose]()
})

const rules: Readonly<Record<'open' | 'closed', TableRules>> = {
  open: { allow: ['public.*'], deny: [], hide: {}, mask: {} },
  closed: { ...aliceRules, allow: [...aliceRules.allow, 'public.things'], hide: { ...aliceRules.hide, 'public.things': ['text', 'date'] } },
}

const oneOf = (...texts: string[]) => fc.constantFrom(...texts)
const tables = oneOf('customers', 'accounts', 'things', 'public.things', '"things"', 'c', 'd')
const names = oneOf('id', 'name', 'date', 'text', 'case', 'x', 'y', 'national_id', 'lexeme', 'unnest', '"Mixed Name"', 'value', 'a')
const types = oneOf('text', 'name', 'date', 'int', 'text[]', 'interval', 'jsonb', 'tsvector', 'varchar(9)')

/** A pattern whose `@` are replaced by texts in order. */
const fill = (pattern: string, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.reduce((text, part) => text.replace('@', () => part), pattern))

const queries = fc.letrec<{ query: string; item: string; expression: string; call: string; target: string }>((tie) => {
  const [query, item, expression, call, target] = [tie('query'), tie('item'), tie('expression'), tie('call'), tie('target')]
  const column = fc.oneof(names, fill('@.@', oneOf('c', 'd', 'things', 'customers', 'public.things', 'q'), names))
  const constant = oneOf(
    '1',
    "'a'",
    'null',
    'true',
    "'{1,2}'::int[]",
    "'2024-01-01'::date",
    "'1'::name::text",
    'array[1, 2]',
    "'{}'::jsonb",
  )
  const alias = fc.oneof(
    oneOf('', '', ' c', ' d', ' q'),
    fill(' as @', names),
    fill(' as @(@)', names, names),
    fill(' as @(@, @)', names, names, names),
  )
  return {
    expression: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'e' },
      column,
      constant,
      fill('@::@', expression, types),
      fill('(@)', expression),
      fill('@ || @', expression, expression),
      fill('coalesce(@, @)', expression, expression),
      fill('nullif(@, @)', expression, expression),
      fill('greatest(@, 1)', expression),
      fill('case when true then @ else @ end', expression, expression),
      fill('case when @ is null then 1 end', expression),
      fill('array[@]', expression),
      fill('(array[@])[1]', expression),
      fill('row(@, @)', expression, expression),
      fill('@ collate "C"', expression),
      fill('(@)', query),
      fill('array(@)', query),
      fill('exists (@)', query),
      fill('@ in (@)', expression, query),
      fill('json_array(@)', query),
      fill(
        'json_object(@: @)',
        names.map((name) => `'${name.replaceAll('"', '')}'`),
        expression,
      ),
      call,
      oneOf('current_date', 'localtime', 'count(*)', 'max(id)', 'array_agg(id)', 'row_number() over ()', 'extract(year from current_date)'),
    ),
    call: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'e' },
      fill('unnest(@)', expression),
      fill('unnest(@, @)', expression, expression),
      fill('generate_series(1, 2)'),
      fill("string_to_array(@::text, ',')", expression),
      fill("to_tsvector('simple', @::text)", expression),
      fill('lower(@::text)', expression),
      fill('pg_catalog.upper(@::text)', expression),
      fill('jsonb_each(@::jsonb)', expression),
      fill('jsonb_array_elements(@::jsonb)', expression),
      fill('jsonb_object_keys(@::jsonb)', expression),
      fill("regexp_matches(@::text, 'a')", expression),
      fill('array_append(@::int[], 1)', expression),
    ),
    item: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'i' },
      fill('@@', tables, alias),
      fill('only @@', tables, alias),
      fill('things@ tablesample bernoulli (50) repeatable (1)', oneOf('', ' c', ' as t(q)')),
      fill('(@)@', query, alias),
      fill('lateral (@)@', query, alias),
      fill('@@', call, alias),
      fill('@ with ordinality@', call, alias),
      fill('rows from (@, @)@', call, call, alias),
      fill('coalesce(@)@', expression, alias),
      fill("json_to_record('{}') as @(@ int, @ text)", names, names, names),
      fill("(values (@, @), (1, 'b'))@", expression, expression, alias),
      fill('(@ cross join @)@', item, item, alias),
      fill('@ @join @ using (@)', item, oneOf('', 'left ', 'right ', 'full '), item, names),
      fill('@ join @ on true', item, item),
      fill('@ natural join @', item, item),
    ),
    target: fc.oneof(
      { maxDepth: 2, depthIdentifier: 't' },
      expression,
      fill('@ as @', expression, names),
      oneOf('*', 'c.*', 'things.*', 'c', 'things', 'public.things.*'),
    ),
    query: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'q' },
      fill('select @ from @', target, item),
      fill('select @, @ from @', target, target, item),
      fill('select @ from @, @ where @ is not null', target, item, item, expression),
      fill('select @ from @ order by @', target, item, names),
      fill('select id, name from @ group by @', tables, oneOf('id', 'id, name', '1, 2')),
      fill('select @', target),
      fill('table @', tables),
      fill('with c as (@) @', query, query),
      fill('with recursive c(@) as (select 1 union all select @ from c where false) @', names, expression, query),
      fill('with things(@) as (@) @', names, query, query),
      fill('(@) union all (@)', query, query),
      fill('values (@, 1)', expression),
    ),
  }
}).query

type Typed = Record<'text' | 'int' | 'texts' | 'boolean' | 'call' | 'item' | 'query', string>

/**
 * Statements whose types fit, so that PostgreSQL accepts nearly all of them: casts over casts, functions in FROM with
 * every kind of alias, subqueries as expressions. `queries` reaches more of the grammar, and is mostly wrong.
 */
const typedQueries = fc.letrec<Typed>((tie) => {
  const [text, int, texts, boolean] = [tie('text'), tie('int'), tie('texts'), tie('boolean')]
  const [call, item, query] = [tie('call'), tie('item'), tie('query')]
  const name = oneOf('email', 'name', 'text', 'date', 'case', 'unnest', 'lexeme', 'id', '"Mixed Name"')
  const alias = fc.oneof(oneOf('', ' q'), fill(' as @', name), fill(' as @(@)', name, name))
  return {
    text: fc.oneof(
      { maxDepth: 3, depthIdentifier: 't' },
      oneOf("'a'", "'1'::name::text", "'b'::text", 'current_date::text', "'c'::varchar(9)::text"),
      fill('lower(@)', text),
      fill('pg_catalog.upper(@)', text),
      fill('(@ || @)', text, text),
      fill('coalesce(@, @)', text, text),
      fill('nullif(@, @)', text, text),
      fill('case when @ then @ else @ end', boolean, text, text),
      fill("case when @ then 'x' end::text", boolean),
      fill('(case when @ then @ else @ end)::text', boolean, text, text),
      fill('(@)::text', int),
      fill('@::name::text', text),
      fill('(@ collate "C")', text),
      fill('(select @)', text),
      fill('(select @ as @)', text, name),
      fill('(@)[1]', texts),
      fill('(@)::text', boolean),
      fill('greatest(@, @)', text, text),
      fill('(row(1, @))::text', text),
      oneOf(
        'json_array(1)::text',
        "('{\"a\": 1}'::jsonb -> 'a')::text",
        '(values (current_date::text))',
        'extract(year from current_date)::text',
      ),
    ),
    int: fc.oneof(
      { maxDepth: 2, depthIdentifier: 't' },
      oneOf('1', '2::int', "'3'::int"),
      fill('length(@)', text),
      fill('(@ + @)', int, int),
      fill('(select @)', int),
    ),
    texts: fc.oneof(
      { maxDepth: 2, depthIdentifier: 't' },
      oneOf("'{a,b}'::text[]"),
      fill("string_to_array(@, ',')", text),
      fill('array[@, @]', text, text),
      fill('array(select @)', text),
      fill('array_append(@, @)', texts, text),
    ),
    boolean: fc.oneof(
      { maxDepth: 2, depthIdentifier: 't' },
      oneOf('true', "'t'::bool"),
      fill('(@ is null)', text),
      fill('exists (@)', query),
      fill('(@ = @)', int, int),
    ),
    call: fc.oneof(
      fill('unnest(@)', texts),
      fill("unnest(to_tsvector('simple', @))", text),
      fill('unnest(@, @)', texts, texts),
      fill('lower(@)', text),
      fill('coalesce(@, @)', text, text),
      fill("string_to_table(@, ',')", text),
      fill("regexp_matches(@, 'a')", text),
      fill('array_length(@, 1)', texts),
      oneOf('generate_series(1, 2)', "jsonb_each('{}')", "jsonb_array_elements('[]')", "jsonb_object_keys('{}')", 'current_date'),
    ),
    item: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'i' },
      fill('@@', call, alias),
      fill('@ with ordinality@', call, alias),
      fill('rows from (@, @)@', call, call, alias),
      fill('rows from (@)@', call, alias),
      fill('(select @, @)@', text, int, alias),
      fill('(select @ as @, @)@', text, name, texts, alias),
      fill('(values (@, @))@', text, int, alias),
      fill('(@)@', query, alias),
      oneOf('customers', 'things', 'things as t(a, b)', 'accounts a'),
    ),
    query: fc.oneof(
      { maxDepth: 2, depthIdentifier: 'q' },
      fill('select * from @', item),
      fill('select * from @', item),
      fill('select @, @ from @', text, int, item),
      fill('select @, @', text, texts),
      fill('select * from (@ cross join (select @ as z) z) as j(@)', item, int, name),
      fill('select * from @ cross join lateral (select @) l', item, text),
      fill('with c as (@) select * from c', query),
      fill('select @ union all select @', text, text),
      fill('select q.* from (@) q', query),
    ),
  }
}).query

const statements = fc.oneof({ weight: 3, arbitrary: typedQueries }, { weight: 2, arbitrary: queries })

/** What the guard says; undefined when it refuses. */
async function guard(query: string, tableRules: TableRules): Promise<Verdict | undefined> {
  try {
    const statement = await readStatement(query, [], [], { caller: 'alice', timeoutMs: 60_000, signal: new AbortController().signal })
    const ids = statement.tables.map(({ schema, name }) => ({ schema: schema ?? 'public', table: name }))
    return judge(statement, await readKnownTables(client, tableRules, ids), 'public', postgresDialect)
  } catch (error) {
    if (error instanceof ToolError) return undefined
    throw error
  }
}

/** What PostgreSQL says; undefined when the text is wrong. */
const describe = (text: string) => describeStatement(client, text).catch(() => undefined)

test.for(['open', 'closed'] as const)(
  'the guard knows the columns of every statement it accepts as PostgreSQL does: tables are %s',
  { meta: { patienceMs: 3_600_000 } },
  async (which) => {
    let compared = 0
    const property = fc.asyncProperty(statements, async (query) => {
      const verdict = await guard(query, rules[which])
      const fields = verdict && (await describe(verdict.text))
      if (!fields) return
      compared++
      expect(verdict.outputs.map(({ name }) => name)).toEqual(fields.map(({ name }) => name))
      checkOrigins(fields, verdict)
    })
    await fc.assert(property, { numRuns: runs, seed })
    expect(compared, `with the seed ${seed}`).toBeGreaterThan(runs / 4)
  },
)

test(
  'what PostgreSQL accepts of the text that a person wrote, it accepts of the text that is sent',
  { meta: { patienceMs: 3_600_000 } },
  async () => {
    let compared = 0
    const property = fc.asyncProperty(statements, async (query) => {
      const verdict = await guard(query, rules.open)
      const fields = verdict && (await describe(query))
      if (!fields) return
      compared++
      const sentFields = await describe(verdict.text)
      expect(sentFields?.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual(
        fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
      )
    })
    await fc.assert(property, { numRuns: runs, seed })
    expect(compared, `with the seed ${seed}`).toBeGreaterThan(runs / 4)
  },
)

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ALLOWED_FUNCTIONS, ALLOWED_TYPES } from '../../guard/syntax/allowed-names.ts'
import { aBank, aliceRules, failure } from '../../testing.ts'
import type { Bank } from '../../testing.ts'
import { toToolError } from './errors.ts'

/** Values that no form of a type, pattern, path or name has, so that much fails on them and could repeat them. */
const canaries = ["CANARY ' x", '{CANARY("', '[CANARY', '$.CANARY(', '%CANARY\\']

let bank: Bank

beforeAll(async () => {
  bank = await aBank()
  await bank.owner.query(`create table notes (id int primary key, owner text, note text, doc jsonb);
    create function slow_check(text) returns bool language plpgsql cost 1000000 as $$ begin return $1 = 'alice'; end $$;
    create view my_notes as select id, note, doc from notes where slow_check(owner);
    create view as_query as select id, note::tsquery as query from notes;
    create function told(text) returns int language plpgsql as $$ begin raise exception 'told %', $1 using errcode = '42601'; end $$;
    create function ran(text) returns int language plpgsql as $$ begin execute 'select ' || $1; return 1; end $$;
    create function inlined(text) returns tsquery language sql as 'select $1::tsquery'`)
  for (const [id, note] of canaries.entries())
    await bank.owner.query("insert into notes values ($1::int, 'bob', $2::text, jsonb_build_object($2::text, $2::text))", [id, note])
  await bank.owner.query(`grant select on notes, my_notes, as_query to ${bank.role}`)
})

afterAll(() => bank[Symbol.asyncDispose]())

/** What a person is told of a statement that fails. Undefined when it does not fail. */
async function told(text: string): Promise<string | undefined> {
  const error = await bank.owner.query(text).then(() => undefined, toToolError)
  return error && `${error.message} ${error.hint}`
}

const rules = { ...aliceRules, allow: ['public.my_notes', 'public.as_query'], deny: [] }
const ask = (query: string, params: unknown[] = []) =>
  failure(bank.call('execute_query', { query, params }, bank.context({ rules, settings: { functions: ['told', 'ran', 'inlined'] } })))

test.for([
  'select id from my_notes where note::tsquery is not null',
  'select id from my_notes where to_tsquery(note) is not null',
  'select id from my_notes where note::tsvector is not null',
  'select id from my_notes where note::jsonpath is not null',
  'select id from my_notes where note::int > 0',
  'select id from my_notes where note::json is not null',
  'select id from my_notes where told(note) > 0',
  'select id from my_notes where ran(note) > 0',
  'select id from my_notes where inlined(note) is not null',
  'select query from as_query',
])('no word of a row that a view holds back is told: %s', async (query) => {
  const { code, message, hint } = await ask(query)
  expect(code).toBe('invalid_input')
  expect(`${message} ${hint}`).not.toMatch(/CANARY|syntax error|told/)
})

test('no function that a statement may call tells a value in its errors', async () => {
  const { rows } = await bank.owner.query<{ name: string; types: string[] }>(
    `select p.proname as name, array(select format_type(t, null) from unnest(p.proargtypes) t) as types from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any($1) and p.prokind <> 'p' and p.pronargs > 0`,
    [[...ALLOWED_FUNCTIONS]],
  )
  const calls = rows.flatMap(({ name, types }) => argumentLists(types).map((args) => `"${name}"(${args.join(', ')})`))
  const queries = calls.flatMap((call) => canaries.map((_, id) => `select ${call} from notes where id = ${id}`))
  let failed = 0
  for (const query of queries) {
    const message = await told(query)
    if (message !== undefined) failed++
    expect(message ?? '').not.toContain('CANARY')
  }
  expect(failed).toBeGreaterThan(1_000)
})

/** The canary in all arguments, and in one at a time, so that an argument before it does not fail for it. */
function argumentLists(types: readonly string[]): string[][] {
  const args = types.map((type) => (type === 'jsonb' ? 'doc' : /^(any|text|"any")/.test(type) ? 'note' : `note::${type}`))
  return [args, ...args.map((arg, at) => types.map((type, other) => (other === at ? arg : plainValue(type))))]
}

/** A value that most functions take. */
const plainValue = (type: string): string =>
  /^(bigint|integer|smallint|numeric|real|double precision)$/.test(type) ? `1::${type}` : type === 'text' ? "'a'" : `null::${type}`

test('no cast that a statement may write tells a value in its errors', async () => {
  for (const type of ALLOWED_TYPES) {
    const values = [`note::${type}`, `(doc->>0)::${type}`, `doc::${type}`, `array[note]::${type}[]`]
    const queries = values.flatMap((value) => canaries.map((_, id) => `select ${value} from notes where id = ${id}`))
    for (const query of queries) expect((await told(query)) ?? '').not.toContain('CANARY')
  }
})

test.for([
  ['a column that does not exist', 'select nmae from customers', 'column "nmae" does not exist'],
  ['a constant of the wrong form', "select id from customers where id = 'abc'", 'invalid input syntax for type integer: "abc"'],
  ['a constant that is no JSON', `select jsonb '{"a'`, 'invalid input syntax for type json'],
  ['types that do not fit', 'select coalesce(name, 1) from customers', 'COALESCE types text and integer cannot be matched'],
] as const)("of %s PostgreSQL's words and the place are told, for they are about the statement", async ([, query, said]) => {
  const answer = await told(query)
  expect(answer?.replace(/ \(at character \d+\)/, '')).toBe(`${said} Correct the statement.`)
  expect(answer).toMatch(/\(at character \d+\)/)
})

test('what a statement writes with escapes is told with escapes', async () => {
  expect(await told(String.raw`select E'\x1b[2J\u202e'::int`)).toContain(String.raw`"\u001b[2J\u202e"`)
})

test('of a parameter its number is told, so that the caller can mend it', async () => {
  const error = await ask('select $1::text, $2::int', ['a', 'CANARY'])
  expect(error).toMatchObject({ message: 'A value does not have the form of its type.', hint: 'Correct the value of $2 in params.' })
})

test('a missing user mapping of a foreign table does not tell the role of the gateway', async () => {
  await bank.owner.query(`create foreign data wrapper nowhere; create server far foreign data wrapper nowhere;
    create foreign table far_table (id int) server far; grant select on far_table to ${bank.role}`)
  const context = bank.context({ rules: { ...aliceRules, allow: ['public.far_table'] } })
  const { message, hint } = await failure(bank.call('execute_query', { query: 'select id from far_table' }, context))
  expect(`${message} ${hint}`).not.toMatch(new RegExp(`${bank.role}|far|nowhere`))
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { aBank, aliceRules, failure } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

interface Answer {
  columns: { name: string; type: string }[]
  rows: unknown[][]
  rows_returned: number
  more: boolean
}

async function run(args: { query: string; params?: unknown[]; limit?: number }, context = bank.context()) {
  const { structuredContent, content } = await bank.call('execute_query', args, context)
  return { ...(structuredContent as unknown as Answer), text: content[0]?.type === 'text' ? content[0].text : '' }
}

test('the answer has the names and types of columns once, and each row as a list', async () => {
  const { columns, rows, rows_returned, more, text } = await run({ query: 'select id, name, joined from customers order by id' })
  expect(columns).toEqual([
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'text' },
    { name: 'joined', type: 'date' },
  ])
  expect(rows[0]).toEqual([1, 'Ada', '2024-01-01'])
  expect({ rows_returned, more }).toEqual({ rows_returned: 3, more: false })
  expect(text).toBe('id | name | joined\n1 | Ada | 2024-01-01\n2 | Ben | 2024-01-02\n3 | Cyd | 2024-01-03\n3 rows')
})

test.for([
  ['a number that JSON can hold', 'select 9007199254740991', 9007199254740991],
  ['a number that JSON cannot hold, as text', 'select 9007199254740993', '9007199254740993'],
  ['an exact decimal', 'select 0.1', 0.1],
  ['an amount, with every digit', 'select 100.50::numeric(14, 2)', '100.50'],
  ['the scale of a number', 'select 1.10', '1.10'],
  ['a number of 999 digits, whole', "select rpad('', 999, '9')::numeric", '9'.repeat(999)],
  [
    'the length of a number too long to tell',
    "select (rpad('1', 1000, '0') || rpad('', 1000, '0') || rpad('', 1000, '0'))::numeric",
    '<number of 3000 digits>',
  ],
  ['a negative zero, as text', "select '-0'::float8", '-0'],
  ['a long decimal', 'select 12345678901234567.89', '12345678901234567.89'],
  ['a float', 'select 1.5::float8', 1.5],
  ['NaN, as text', "select 'NaN'::float8", 'NaN'],
  ['a boolean', 'select true', true],
  ['null', 'select null', null],
  ['a time, in UTC', "select timestamptz '2024-05-01 10:00+02'", '2024-05-01 08:00:00+00'],
  ['bytes, in hex', 'select blob from accounts limit 1', String.raw`\xc0ffee`],
  ['the count of many bytes', "select sha512('a')", '<64 bytes>'],
  ['json', 'select jsonb \'{"a": [1]}\'', '{"a": [1]}'],
  ['an array', 'select array[1, 2]', '{1,2}'],
  ['a backslash', String.raw`select 'a\'`, 'a\\'],
] as const)('a cell holds %s', async ([, query, expected]) => {
  expect((await run({ query })).rows).toEqual([[expected]])
})

test('a column of exact numbers has either numbers or texts, so that who sums it meets one kind', async () => {
  const { rows } = await run({ query: 'select n, b from (values (101.25, 1), (100.50, 9007199254740993), (null, null)) v(n, b)' })
  expect(rows).toEqual([
    ['101.25', '1'],
    ['100.50', '9007199254740993'],
    [null, null],
  ])
  expect((await run({ query: 'select n from (values (101.25), (100.5), (3)) v(n)' })).rows).toEqual([[101.25], [100.5], [3]])
})

test('a long cell is cut at 500 characters, as Unicode counts them, never inside one', async () => {
  const cell = async (text: string) => (await run({ query: 'select $1::text', params: [text] })).rows[0]?.[0]
  expect(await cell('a'.repeat(499) + '😀'.repeat(100))).toBe(`${'a'.repeat(499)}😀… (599 characters)`)
  expect(await cell('😀'.repeat(500))).toBe('😀'.repeat(500))
  expect(await cell('😀'.repeat(501))).toBe(`${'😀'.repeat(500)}… (501 characters)`)
})

test('NULL and texts that look like something else are told apart in the text of an answer', async () => {
  const query = `select null::text as a, 'null' as b, 'NULL' as c, '' as d, true as e, 'true' as f, jsonb 'null' as g, jsonb '"null"' as h,
    ' x' as i, '<5 bytes>' as j, 'say "hi"' as k, '"x"' as l, 1.10 as m, '007' as n, blob as o,
    $1 as p from accounts where id = 1`
  const { text, rows } = await run({ query, params: [String.raw`\xc0ffee`] })
  expect(text.split('\n')[1]).toBe(
    String.raw`NULL | "null" | "NULL" | "" | true | "true" | null | "null" | " x" | "<5 bytes>" | say "hi" | "\"x\"" | 1.10 | 007 | \xc0ffee | "\\xc0ffee"`,
  )
  expect(rows).toEqual([
    [
      null,
      'null',
      'NULL',
      '',
      true,
      'true',
      'null',
      '"null"',
      ' x',
      '<5 bytes>',
      'say "hi"',
      '"x"',
      '1.10',
      '007',
      String.raw`\xc0ffee`,
      String.raw`\xc0ffee`,
    ],
  ])
})

test('no cell or column name reaches a terminal with its controls, hides a character or breaks the table', async () => {
  const value = 'a\u001b[2J\u0007b\u202ec\u200bd|e\\f\ng'
  const { text, rows, columns } = await run({ query: 'select $1::text as "x|y", 2 as "l1\nl2"', params: [value] })
  expect(text.split('\n').slice(0, 2)).toEqual([String.raw`x\|y | l1\nl2`, String.raw`a\u001b[2J\u0007b\u202ec\u200bd\|e\\f\ng | 2`])
  expect(rows).toEqual([[value, 2]])
  expect(columns.map(({ name }) => name)).toEqual(['x|y', 'l1\nl2'])
})

test('letters and emoji that need a joiner are written as they are', async () => {
  const { text } = await run({ query: 'select $1::text', params: ['👩‍👩‍👧 می‌خواهم a\u200db'] })
  expect(text).toContain('👩‍👩‍👧 می‌خواهم a\\u200db')
})

test('parameters carry data and are never read as SQL', async () => {
  const evil = "x'; drop table customers; --"
  expect((await run({ query: 'select $1::text, $2::int + 1, $3::bool, $4::text', params: [evil, 2, true, null] })).rows).toEqual([
    [evil, 3, true, null],
  ])
  expect((await run({ query: 'select id from customers where id = any($1::int[])', params: ['{1,3}'] })).rows).toEqual([[1], [3]])
  expect((await failure(run({ query: 'select 1', params: [{}] }))).code).toBe('invalid_input')
  expect((await failure(run({ query: 'select $1::int' }))).code).toBe('invalid_input')
})

test('the answer has at most `limit` rows and says whether there are more', async () => {
  const query = 'select id from transactions order by id'
  expect(await run({ query, limit: 3 })).toMatchObject({ rows: [[1], [2], [3]], more: true })
  expect(await run({ query, limit: 300 })).toMatchObject({ rows_returned: 300, more: false })
  expect(await run({ query })).toMatchObject({ rows_returned: 100, more: true })
  expect((await failure(run({ query, limit: 1_001 }))).code).toBe('invalid_input')
})

test('the lowest of the row limits applies', async () => {
  const query = 'select id from transactions'
  expect(await run({ query }, bank.context({ rules: { ...aliceRules, maxRows: 2 } }))).toMatchObject({ rows_returned: 2, more: true })
  expect(await run({ query }, bank.context({ settings: { maxRows: 4 } }))).toMatchObject({ rows_returned: 4, more: true })
})

const lengths = ({ rows, text, ...others }: Awaited<ReturnType<typeof run>>) =>
  [JSON.stringify({ rows, ...others }).length, text.length].map((length) => length <= 20_000)

test('of an answer that is too long, as many rows are told as fit, and a note says how to get the others', async () => {
  const query = "select n, rpad('', 400, 'x') as wide from generate_series(1, 1000) n order by n"
  const answer = await run({ query, limit: 1_000 }, bank.context({ maxChars: 20_000 }))
  expect(answer).toMatchObject({ more: true, rows_returned: answer.rows.length })
  expect(answer.rows.length).toBeGreaterThan(40)
  expect(answer.rows.at(-1)?.[0]).toBe(answer.rows.length)
  expect(lengths(answer)).toEqual([true, true])
  const left = 1_000 - answer.rows.length
  expect(answer.text).toContain(
    `${answer.rows.length} rows, the answer is full: it has at most 20000 characters, and ${left} more rows are left out.`,
  )
  expect(answer.text).toContain(`OFFSET ${answer.rows.length}`)
})

test('characters that are escaped count as they are sent', async () => {
  for (const character of ['\u001b', '\u202e', '"', '|', '😀']) {
    const query = 'select n, $1 as odd from generate_series(1, 1000) n'
    const answer = await run({ query, limit: 1_000, params: [character.repeat(50)] }, bank.context({ maxChars: 20_000 }))
    expect([answer.more, ...lengths(answer)]).toEqual([true, true, true])
  }
})

test('what just fits is told whole, and a row that does not fit by itself with shorter cells', async () => {
  const query = "select rpad('', 450, 'x') as a, rpad('', 450, '😀') as b, 1.10 as c, sha256('') as d, rpad('', 300, '9')::numeric as e"
  const whole = await run({ query })
  const { length } = JSON.stringify({ ...whole, text: undefined })
  // How long the time took is a part of the answer, of one to four digits.
  expect(await run({ query }, bank.context({ maxChars: length + 3 }))).toMatchObject({
    rows: whole.rows,
    more: false,
  })
  const short = await run({ query }, bank.context({ maxChars: 1_000 }))
  expect(short.rows).toEqual([
    [`${'x'.repeat(50)}… (450 characters)`, `${'😀'.repeat(50)}… (450 characters)`, '1.10', '<32 bytes>', '<number of 300 digits>'],
  ])
  expect(short).toMatchObject({ more: false, rows_returned: 1 })
  expect(short.text).toContain('its cells are cut to 50 characters')
  const many = `select ${Array.from({ length: 100 }, (_, at) => `${at} as a_long_name_${at}`).join(', ')}`
  expect(await failure(run({ query: many }, bank.context({ maxChars: 1_000 })))).toMatchObject({ code: 'too_large' })
})

test('rows that are too many bytes for one call are cut as well, and not refused', async () => {
  // 800 rows of 20,000 characters: 16 MB.
  const wide = "with recursive d(x, n) as (select rpad('', 625, 'ab'), 0 union all select x || x, n + 1 from d where n < 5)"
  const query = `${wide} select g, x from d, generate_series(1, 800) g where n = 5 order by g`
  const answer = await run({ query, limit: 1_000 }, bank.context({ maxChars: 1_000_000 }))
  expect(answer.more).toBe(true)
  expect(answer.rows.length).toBeGreaterThan(100)
  expect(answer.rows.map(([g]) => g)).toEqual(Array.from(answer.rows, (_, at) => at + 1))
  expect(answer.text).toContain(`OFFSET ${answer.rows.length}`)
})

test('one value over the byte cap ends in too_large, and the next call is served', async () => {
  const query = "with recursive d(x, n) as (select md5('a'), 0 union all select x || x, n + 1 from d where n < 18) select x from d"
  expect((await failure(run({ query }))).code).toBe('too_large')
  expect((await run({ query: 'select 1' })).rows).toEqual([[1]])
})

test.for([
  ['an endless recursion', 'with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r'],
  ['a flood of rows', 'select count(*) from transactions a, transactions b, transactions c, transactions d'],
  ['a catastrophic pattern', String.raw`select 1 where rpad('', 401, 'a') ~ '^(a+)(a+)(a+)(a+)\1\2\3\4$'`],
] as const)('%s is stopped by the time-out', async ([, query]) => {
  const context = bank.context({ rules: { ...aliceRules, timeoutMs: 300 } })
  expect(await failure(run({ query }, context))).toMatchObject({ code: 'timed_out' })
})

test('aborting a call stops its query in the database', async () => {
  const giveUp = new AbortController()
  // Longer than the test, so that only the abort can end the query.
  const context = bank.context({ signal: giveUp.signal, settings: { timeoutMs: 3_600_000 } })
  const mark = 'with recursive given_up(n) as (select 1 union all select n + 1 from given_up) select count(*) from given_up'
  const call = failure(run({ query: mark }, context))
  const running = async () => {
    const { rowCount } = await bank.owner.query(
      "select from pg_stat_activity where query like '%given_up%' and state = 'active' and pid <> pg_backend_pid()",
    )
    return rowCount
  }
  await expect.poll(running).toBe(1)
  giveUp.abort()
  expect(await call).toMatchObject({ code: 'timed_out', retryable: true })
  await expect.poll(running).toBe(0)

  expect(await failure(run({ query: 'select 1' }, context))).toMatchObject({ code: 'timed_out' })
})

test('calls beyond the size of the pool wait for a free session', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => run({ query: 'select $1::int', params: [at] })))
  expect(answers.map(({ rows }) => rows[0]?.[0])).toEqual(Array.from({ length: 12 }, (_, at) => at))
})

test.for([
  ['a value that cannot be cast', 'select name::int from customers', 'invalid_input', 'A value does not have the form of its type.'],
  ['a division by zero', 'select 1 / (id - 1) from customers', 'invalid_input', 'Division by zero.'],
  ['types that do not fit', 'select name + 1 from customers', 'invalid_input', 'operator does not exist: text + integer'],
  ['a misspelt column', 'select citi from customers', 'invalid_input', 'The column "citi" does not exist.'],
  ['an ungrouped column', 'select name, count(*) from customers', 'invalid_input', 'must appear in the GROUP BY clause'],
  ['an ambiguous column', 'select id from customers, accounts', 'invalid_input', 'ambiguous'],
] as const)('the error for %s shows no data', async ([, query, code, said]) => {
  const error = await failure(run({ query }))
  expect(error.code).toBe(code)
  expect(error.message).toContain(said)
  expect(`${error.message} ${error.hint}`).not.toMatch(/Ada|Perhaps/)
})

test('the error of a view that fails on a row shows nothing of the row', async () => {
  await bank.owner.query('create view touchy as select id, name::int as n from customers')
  await bank.owner.query(`grant select on touchy to ${bank.role}`)
  const context = bank.context({ rules: { ...aliceRules, allow: ['public.touchy'] } })
  const error = await failure(run({ query: 'select n from touchy' }, context))
  expect(error.message).toBe('A value does not have the form of its type.')
})

test('a table the database role may not read does not exist, whatever the policy says', async () => {
  const context = bank.context({ rules: { ...aliceRules, allow: ['public.*'], deny: [] } })
  expect((await failure(run({ query: 'select 1 from salaries' }, context))).message).toContain('does not exist, or you may not read it')
})

test('a person without table rules has no connection and is not told a name of one', async () => {
  for (const rules of [undefined, { ...aliceRules, allow: [] }]) {
    const error = await failure(run({ query: 'select 1' }, bank.context({ rules })))
    expect(error).toMatchObject({ code: 'not_found', message: 'No database is open to you.' })
  }
})

test('a function the administrator added may be called; the plan check still limits the tables it reads', async () => {
  await bank.owner.query("create function shout(text) returns text language sql immutable as $$ select upper($1) || '!' $$")
  await bank.owner.query("create function peeks() returns setof numeric language sql stable as 'select amount from public.salaries'")
  const allowed = bank.context({ settings: { functions: ['shout'] } })
  expect((await run({ query: 'select shout(name) from customers where id = 1' }, allowed)).rows).toEqual([['ADA!']])
  const superuser = bank.context({ as: 'superuser', settings: { functions: ['peeks'] } })
  expect((await failure(run({ query: 'select * from peeks()' }, superuser))).code).toBe('refused_by_policy')
})

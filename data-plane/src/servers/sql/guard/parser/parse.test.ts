import { expect, test } from 'vitest'
import { failure } from '../../testing.ts'
import { parse as parseFor } from './parse.ts'

const never = new AbortController().signal
const parse = (text: string, caller = 'alice', signal = never) => parseFor(text, { caller, signal, timeoutMs: 15_000 })

const nest = (count: number, open: string, middle: string, close = '') => open.repeat(count) + middle + close.repeat(count)

// Each of these takes the parser milliseconds to seconds, overflows its stack, or makes a tree too deep to walk.
test.for([
  ['brackets', `select ${nest(9_900, '(', '1', ')')} + 1`],
  ['subqueries', `select ${nest(2_500, '(select ', '1', ')')}`],
  ['arrays', `select array${nest(9_900, '[', '1', ']')}`],
  ['sums', `select 1${'+1'.repeat(9_900)}`],
  ['casts', `select 1${'::int'.repeat(3_900)}`],
  ['functions', `select ${nest(6_000, 'a(', '1', ')')}`],
  ['constants', `select 1${',1'.repeat(9_900)}`],
  ['comments', nest(9_900, '/*', '')],
  ['nested comments', `${nest(4_900, '/*', '', '*/')}select 1`],
] as const)('after a pathological number of %s the parser still parses the next statement', async ([, text]) => {
  await parse(text).catch((error: unknown) => expect(error).toHaveProperty('code'))
  expect(await parse('select 1')).toHaveProperty('statement.SelectStmt')
})

test('statements parsed at the same time each get their own result', async () => {
  const parsed = await Promise.all(Array.from({ length: 30 }, (_, at) => parse(`select ${at} as n${at}`)))
  expect(parsed.map(({ words }) => words)).toEqual(Array.from({ length: 30 }, (_, at) => [`n${at}`]))
})

test('a statement that takes too long does not fail the one that waits behind it', async () => {
  const [slow, next] = await Promise.all([failure(parse(nest(60_000, '/*', ''))), parse('select 2')])
  expect(slow.message).toContain('too complex')
  expect(next).toHaveProperty('statement.SelectStmt')
})

test('while one person floods the parser, another has the next turn; what was given up is not parsed', async () => {
  const giveUp = new AbortController()
  // Each takes the parser long, and passes what is checked before it.
  const long = `select 1${',1'.repeat(9_900)}`
  let answeredCount = 0
  const flood = Array.from({ length: 33 }, () => failure(parse(long, 'alice', giveUp.signal)).finally(() => answeredCount++))
  expect(await failure(parse(long, 'alice'))).toMatchObject({
    code: 'rate_limited',
    message: 'Too many of your calls wait for the SQL parser.',
    retryable: true,
  })
  expect(await parse('select 1', 'carol')).toHaveProperty('statement.SelectStmt')
  expect(answeredCount).toBeLessThanOrEqual(2)

  giveUp.abort()
  const answers = await Promise.all(flood)
  expect(answers.filter(({ code }) => code === 'timed_out').length).toBeGreaterThanOrEqual(31)
  expect(await parse('select 2', 'alice')).toHaveProperty('statement.SelectStmt')
})

test('a call whose time is over while its text is parsed is told so, and the next text is parsed', async () => {
  await parse('select 1')
  const over = new AbortController()
  const call = failure(parse('select 2', 'alice', over.signal))
  over.abort(new DOMException('', 'TimeoutError'))
  expect(await call).toMatchObject({ code: 'timed_out', message: 'The query took longer than 15 s and was stopped.' })
  expect(await parse('select 3')).toHaveProperty('statement.SelectStmt')
})

import { expect, test } from 'vitest'
import { failure } from '../../testing.ts'
import { parse } from './parse.ts'

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
  const parsed = await Promise.all(Array.from({ length: 50 }, (_, at) => parse(`select ${at} as n${at}`)))
  expect(parsed.map(({ words }) => words)).toEqual(Array.from({ length: 50 }, (_, at) => [`n${at}`]))
})

test('a statement that takes too long does not fail the one that waits behind it', async () => {
  const [slow, next] = await Promise.all([failure(parse(nest(60_000, '/*', ''))), parse('select 2')])
  expect(slow.message).toContain('too complex')
  expect(next).toHaveProperty('statement.SelectStmt')
})

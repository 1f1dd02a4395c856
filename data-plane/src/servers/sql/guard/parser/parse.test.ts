import { expect, test } from 'vitest'
import { failure } from '../../testing.ts'
import { parse } from './parse.ts'

const twist = (count: number, open: string, middle: string, close = '') => open.repeat(count) + middle + close.repeat(count)

// Each of these costs the parser milliseconds to seconds, overflows its stack, or makes a tree too deep to walk.
test.for([
  ['brackets', `select ${twist(9_900, '(', '1', ')')} + 1`],
  ['subqueries', `select ${twist(2_500, '(select ', '1', ')')}`],
  ['arrays', `select array${twist(9_900, '[', '1', ']')}`],
  ['sums', `select 1${'+1'.repeat(9_900)}`],
  ['casts', `select 1${'::int'.repeat(3_900)}`],
  ['functions', `select ${twist(6_000, 'a(', '1', ')')}`],
  ['constants', `select 1${',1'.repeat(9_900)}`],
  ['comments', twist(9_900, '/*', '')],
  ['nested comments', `${twist(4_900, '/*', '', '*/')}select 1`],
] as const)('after a pathological heap of %s the parser serves the next statement', async ([, text]) => {
  await parse(text).catch((error: unknown) => expect(error).toHaveProperty('code'))
  expect(await parse('select 1')).toHaveProperty('statement.SelectStmt')
})

test('statements asked for at once are each answered with their own tree', async () => {
  const parsed = await Promise.all(Array.from({ length: 50 }, (_, at) => parse(`select ${at} as n${at}`)))
  expect(parsed.map(({ words }) => words)).toEqual(Array.from({ length: 50 }, (_, at) => [`n${at}`]))
})

test('a statement that is stuck does not take those behind it along', async () => {
  const [stuck, next] = await Promise.all([failure(parse(twist(60_000, '/*', ''))), parse('select 2')])
  expect(stuck.message).toContain('too complex')
  expect(next).toHaveProperty('statement.SelectStmt')
})

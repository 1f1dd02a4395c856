import { expect, test } from 'vitest'
import { freshMsOf } from './freshness.ts'

const minuteMs = 60_000

test.for([
  [{}, 60],
  [{ 'cache-control': 'max-age=600' }, 10],
  [{ 'cache-control': 'public, max-age=600', age: '60' }, 9],
  [{ 'cache-control': 'max-age=1' }, 5],
  [{ 'cache-control': 'max-age=600', age: '600' }, 5],
  [{ 'cache-control': 'max-age=31536000' }, 24 * 60],
  [{ 'cache-control': 'max-age=31536000, no-cache' }, 5],
  [{ 'cache-control': ['no-store'] }, 5],
  [{ 'cache-control': 'max-age=banana' }, 60],
] as const)('an answer with the headers %j is used for %i minutes', ([headers, minutes]) => {
  expect(freshMsOf(headers as Parameters<typeof freshMsOf>[0])).toBe(minutes * minuteMs)
})

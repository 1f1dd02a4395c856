import { expect, test } from 'vitest'
import { median, percentile, table } from './figures.ts'

test.for([
  [[1], 0.5, 1],
  [[1, 2, 3, 4], 0.5, 2],
  [[1, 2, 3, 4], 0.99, 4],
  [Array.from({ length: 100 }, (_, i) => i + 1), 0.99, 99],
] as const)('of the values %j, the share %d does not exceed %d', ([values, share, expected]) => {
  expect(percentile(values, share)).toBe(expected)
})

test('a median does not depend on the order', () => {
  expect(median([9, 1, 5])).toBe(5)
})

test('a table aligns its columns', () => {
  expect(
    table(
      ['what', 'n'],
      [
        ['a', '10'],
        ['longer', '7'],
      ],
    ),
  ).toBe('what     n\n------  --\na       10\nlonger   7')
})

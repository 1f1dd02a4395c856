import { expect, test } from 'vitest'
import { columnOf, namesOf, numbersOf } from './column.ts'
import { tableOf } from './table.ts'

const tableWith = (...cells: unknown[]) => tableOf({ columns: ['c'], rows: cells.map((cell) => [cell]) })
const namesFrom = (...cells: unknown[]) => namesOf(columnOf(tableWith(...cells), 'x', 'c'))

test.for<[string[]]>([
  [['9007199254740992', '9007199254740993']],
  [['02134', '2134']],
  [['001', '1']],
  [['1.10', '1.1']],
  [['+1', '1']],
  [[' 1', '1']],
  [['0x10', '16']],
  [['1e2', '100']],
  [['-0', '0']],
  [['2024-12', '2025-01']],
  [['2024-12-31', '2025-01-01']],
  [['2025-01-01 10:00', '2025-01-01 10:00:01', '2025-01-01 10:00:01.500']],
])('names that differ stay apart and are spelt as they were: %j', ([cells]) => {
  const names = namesFrom(...cells)
  expect(new Set(names).size).toBe(cells.length)
  if (!/^\d{4}-\d{2}$/.test(cells[0]!)) expect(names).toEqual(cells)
})

test.for<[unknown[]]>([[['1', '2.50', '-3']], [[1, 2.5]], [['0', '0.25', null]]])('%j are numbers', ([cells]) => {
  const numbers = cells.map((cell) => (cell === null ? null : Number(cell)))
  expect(columnOf(tableWith(...cells), 'x', 'c')).toEqual({ name: 'c', kind: 'number', cells: numbers })
})

test('a value that is measured may be spelt in any way, and beyond 2^53', () => {
  expect(numbersOf(tableWith('007', '+1.50', '9007199254740993', null), 'y', 'c').cells).toEqual([7, 1.5, 9007199254740992, null])
})

test('a column of nulls is refused with what is true of it', () => {
  expect(() => numbersOf(tableWith(null, null), 'y', 'c')).toThrow('y needs a column of numbers; every value of "c" is null.')
  expect(() => columnOf(tableWith(null, null), 'x', 'c')).toThrow('x needs a column with values; every value of "c" is null.')
})

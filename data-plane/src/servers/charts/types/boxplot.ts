import { columnOf, numbersOf } from '../data/column.ts'
import { distinct } from '../data/points.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { amounts, atMost, categories, colours } from './scales.ts'

/** Median, quartiles and whiskers of y for each x. */
export const boxplot: Draw = (table, wanted) => {
  if (wanted.y === undefined) throw invalid('y', 'is missing: the column of numbers whose spread is shown for each x.')
  const x = columnOf(table, 'x', wanted.x)
  atMost(40, 'x', x)
  const y = numbersOf(table, 'y', wanted.y)
  const series = wanted.series === undefined ? undefined : atMost(10, 'series', columnOf(table, 'series', wanted.series))
  const values = x.cells.map((cell, i) => ({ x: cell, y: y.cells[i] ?? null, series: series?.cells[i] ?? null }))
  const beside = series ? { xOffset: { field: 'series', type: 'nominal', sort: null } } : {}
  return {
    values,
    spec: {
      mark: { type: 'boxplot', size: series ? 14 : 36, median: { color: '#ffffff', strokeWidth: 2 }, outliers: { size: 20, opacity: 0.5 } },
      encoding: {
        x: { field: 'x', ...categories(x.name, distinct(x), { sort: distinct(x) }) },
        y: { field: 'y', ...amounts(y.name, y.cells, { scale: { zero: false } }) },
        ...beside,
        ...colours(series),
      },
    },
    notes: [],
  }
}

import { categoriesAndNone, numbersOf } from '../data/column.ts'
import { distinctCells } from '../data/points.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { quantitative, limitDistinct, nominal, colours } from './scales.ts'

/** Median, quartiles and whiskers of y for each x. */
export const boxplot: Draw = (table, encoding) => {
  if (encoding.y === undefined) throw invalid('y', 'is missing: the column of numbers whose spread is shown for each x.')
  const x = categoriesAndNone(table, 'x', encoding.x)
  limitDistinct(40, 'x', x)
  const y = numbersOf(table, 'y', encoding.y)
  const series =
    encoding.series === undefined ? undefined : limitDistinct(10, 'series', categoriesAndNone(table, 'series', encoding.series))
  const values = x.cells.map((cell, i) => ({ x: cell, y: y.cells[i] ?? null, series: series?.cells[i] ?? null }))
  const offset = series ? { xOffset: { field: 'series', type: 'nominal', sort: distinctCells(series) } } : {}
  return {
    values,
    spec: {
      mark: { type: 'boxplot', size: series ? 14 : 36, median: { color: '#ffffff', strokeWidth: 2 }, outliers: { size: 20, opacity: 0.5 } },
      encoding: {
        x: { field: 'x', ...nominal(x.name, distinctCells(x), encoding.width, { sort: distinctCells(x) }) },
        y: { field: 'y', ...quantitative(y.name, y.cells, { scale: { zero: false } }) },
        ...offset,
        ...colours(series),
      },
    },
    notes: [],
  }
}

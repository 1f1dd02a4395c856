import { categoriesAndNone, columnOf, mergedNumbers, numbersOf } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { quantitative, limitDistinct, colours, temporal } from './scales.ts'

export const scatter: Draw = (table, encoding) => {
  if (encoding.y === undefined) throw invalid('y', 'is missing: a scatter chart sets one column of numbers against another.')
  const x = columnOf(table, 'x', encoding.x).kind === 'time' ? columnOf(table, 'x', encoding.x) : numbersOf(table, 'x', encoding.x)
  const y = numbersOf(table, 'y', encoding.y)
  const series =
    encoding.series === undefined ? undefined : limitDistinct(20, 'series', categoriesAndNone(table, 'series', encoding.series))
  const values = x.cells.map((cell, i) => ({ x: cell, y: y.cells[i] ?? null, series: series?.cells[i] ?? null }))

  const xChannel = x.kind === 'time' ? temporal(x.name) : quantitative(x.name, x.cells, { scale: { zero: false } })
  const yChannel = quantitative(y.name, y.cells, { scale: { zero: false } })
  const mark = { type: 'circle', opacity: values.length > 1_000 ? 0.4 : 0.7, size: values.length > 1_000 ? 25 : 60 }
  return {
    values,
    spec: { mark, encoding: { x: { field: 'x', ...xChannel }, y: { field: 'y', ...yChannel }, ...colours(series) } },
    notes: [...mergedNumbers(table, encoding.x), ...mergedNumbers(table, encoding.y)],
  }
}

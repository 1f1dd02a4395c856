import { columnOf, numbersOf } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { amounts, atMost, colours, moments } from './scales.ts'

export const scatter: Draw = (table, wanted) => {
  if (wanted.y === undefined) throw invalid('y', 'is missing: a scatter chart sets one column of numbers against another.')
  const x = columnOf(table, 'x', wanted.x).kind === 'time' ? columnOf(table, 'x', wanted.x) : numbersOf(table, 'x', wanted.x)
  const y = numbersOf(table, 'y', wanted.y)
  const series = wanted.series === undefined ? undefined : atMost(20, 'series', columnOf(table, 'series', wanted.series))
  const values = x.cells.map((cell, i) => ({ x: cell, y: y.cells[i] ?? null, series: series?.cells[i] ?? null }))

  const across = x.kind === 'time' ? moments(x.name) : amounts(x.name, x.cells, { scale: { zero: false } })
  const up = amounts(y.name, y.cells, { scale: { zero: false } })
  const mark = { type: 'circle', opacity: values.length > 1_000 ? 0.4 : 0.7, size: values.length > 1_000 ? 25 : 60 }
  return { values, spec: { mark, encoding: { x: { field: 'x', ...across }, y: { field: 'y', ...up }, ...colours(series) } }, notes: [] }
}

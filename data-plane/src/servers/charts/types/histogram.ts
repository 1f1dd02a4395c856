import { columnOf, numbersOf } from '../data/column.ts'
import type { Draw } from './sketch.ts'
import { amounts, atMost, colours, format } from './scales.ts'

export const histogram: Draw = (table, wanted) => {
  const x = numbersOf(table, 'x', wanted.x)
  const series = wanted.series === undefined ? undefined : atMost(10, 'series', columnOf(table, 'series', wanted.series))
  const values = x.cells.map((cell, i) => ({ x: cell, series: series?.cells[i] ?? null })).filter((row) => row.x !== null)
  return {
    values,
    spec: {
      mark: { type: 'bar', binSpacing: 1 },
      encoding: {
        x: { field: 'x', type: 'quantitative', bin: { maxbins: 30 }, title: x.name, axis: { ...format(x.cells) } },
        y: amounts('count', [], { aggregate: 'count' }),
        ...colours(series),
      },
    },
    notes: [],
  }
}

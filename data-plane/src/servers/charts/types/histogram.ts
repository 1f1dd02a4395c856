import { categoriesAndNone, numbersOf } from '../data/column.ts'
import type { Draw } from './sketch.ts'
import { quantitative, limitDistinct, colours, labelFormat } from './scales.ts'

export const histogram: Draw = (table, encoding) => {
  const x = numbersOf(table, 'x', encoding.x)
  const series =
    encoding.series === undefined ? undefined : limitDistinct(10, 'series', categoriesAndNone(table, 'series', encoding.series))
  const values = x.cells.map((cell, i) => ({ x: cell, series: series?.cells[i] ?? null })).filter((row) => row.x !== null)
  return {
    values,
    spec: {
      mark: { type: 'bar', binSpacing: 1 },
      encoding: {
        x: { field: 'x', type: 'quantitative', bin: { maxbins: 30 }, title: x.name, axis: { ...labelFormat(x.cells) } },
        y: quantitative('count', [], { aggregate: 'count' }),
        ...colours(series),
      },
    },
    notes: [],
  }
}

import { categoriesAndNone, numbersOf } from '../data/column.ts'
import { aggregatePlaces, distinctCells } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { limitDistinct, nominal, labelFormat, longLabelPx, aggregateTitle } from './scales.ts'

const maxCategories = 80

/** x and y are the axes. `series` is the column of numbers that colours the cells; without it rows are counted. */
export const heatmap: Draw = (table, { x: xName, y: yName, series, aggregate, width }) => {
  if (yName === undefined) throw invalid('y', 'is missing: a heatmap has a column on either side.')
  const x = categoriesAndNone(table, 'x', xName)
  const y = categoriesAndNone(table, 'y', yName)
  limitDistinct(maxCategories, 'x', x)
  limitDistinct(maxCategories, 'y', y)
  const amount = series === undefined || aggregate === 'count' ? undefined : numbersOf(table, 'series', series)
  const by: Aggregate = amount ? (aggregate ?? 'sum') : 'count'
  const places = x.cells.map((name, i) => ({ x: name, y: y.cells[i] ?? null }))
  const values = aggregatePlaces(places, amount?.cells as (number | null)[] | undefined, by)

  const hasMergedRows = values.length < places.length
  const legend = { orient: 'right', gradientLength: 220, ...labelFormat(values.map((row) => row.value)) }
  return {
    values,
    spec: {
      mark: 'rect',
      encoding: {
        x: { field: 'x', ...nominal(x.name, distinctCells(x), width, { sort: distinctCells(x) }) },
        y: {
          field: 'y',
          ...nominal(y.name, distinctCells(y), width, { sort: distinctCells(y), axis: { labelLimit: longLabelPx(width) } }),
        },
        color: {
          field: 'value',
          type: 'quantitative',
          title: amount ? aggregateTitle(amount.name, hasMergedRows ? by : undefined) : 'count',
          legend,
        },
      },
    },
    notes: amount && hasMergedRows && !aggregate ? ['Rows that share x and y were summed.'] : [],
  }
}

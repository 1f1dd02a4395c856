import { columnOf, namesOf, numbersOf } from '../data/column.ts'
import { aggregated, distinct } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import { invalid } from '../data/table.ts'
import type { Draw } from './sketch.ts'
import { atMost, categories, format, titled } from './scales.ts'

const max = 80

/** x and y make the cells; `series` names the numbers that colour them, without it rows are counted. */
export const heatmap: Draw = (table, { x: xName, y: yName, series, aggregate }) => {
  if (yName === undefined) throw invalid('y', 'is missing: a heatmap has a column on either side.')
  const x = columnOf(table, 'x', xName)
  const y = columnOf(table, 'y', yName)
  atMost(max, 'x', x)
  atMost(max, 'y', y)
  const amount = series === undefined || aggregate === 'count' ? undefined : numbersOf(table, 'series', series)
  const by: Aggregate = amount ? (aggregate ?? 'sum') : 'count'
  const ups = namesOf(y)
  const places = namesOf(x).map((name, i) => ({ x: name, y: ups[i] ?? null }))
  const values = aggregated(places, amount?.cells as (number | null)[] | undefined, by)

  const merged = values.length < places.length
  const legend = { orient: 'right', gradientLength: 220, ...format(values.map((row) => row.value)) }
  return {
    values,
    spec: {
      mark: 'rect',
      encoding: {
        x: { field: 'x', ...categories(x.name, distinct(x)) },
        y: { field: 'y', ...categories(y.name, distinct(y), { axis: { labelLimit: 180 } }) },
        color: { field: 'value', type: 'quantitative', title: amount ? titled(amount.name, merged ? by : undefined) : 'count', legend },
      },
    },
    notes: amount && merged && !aggregate ? ['Rows that share x and y were summed.'] : [],
  }
}

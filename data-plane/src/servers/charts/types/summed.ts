import { aggregatePlaces } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import { columnOf, numbersOf } from '../data/column.ts'
import type { Column } from '../data/column.ts'
import type { Cell, Table } from '../data/table.ts'
import type { ChartEncoding } from './sketch.ts'
import { aggregateTitle } from './scales.ts'

export interface Summary {
  x: Column
  series: Column | undefined
  values: { x: Cell; series: Cell; value: number }[]
  title: string
  /** Undefined when no two rows were merged. */
  by: Aggregate | undefined
  notes: string[]
}

/**
 * One value for each x (and series): the number of rows, or y aggregated. A note says so when rows were summed
 * without the caller's asking.
 */
export function summarise(table: Table, { x: xName, y: yName, series: seriesName, aggregate }: ChartEncoding): Summary {
  const x = columnOf(table, 'x', xName)
  const series = seriesName === undefined ? undefined : columnOf(table, 'series', seriesName)
  const y = yName === undefined || aggregate === 'count' ? undefined : numbersOf(table, 'y', yName)
  const rowIndexes = x.cells.flatMap((cell, i) => (cell === null || (y && y.cells[i] === null) ? [] : [i]))
  const places = rowIndexes.map((i) => ({ x: x.cells[i] ?? null, series: series?.cells[i] ?? null }))
  const values = aggregatePlaces(places, y && rowIndexes.map((i) => y.cells[i] as number), y ? (aggregate ?? 'sum') : 'count')

  const hasMergedRows = values.length < places.length
  const by = hasMergedRows ? (aggregate ?? (y ? 'sum' : 'count')) : undefined
  const notes: string[] = []
  if (rowIndexes.length < x.cells.length) notes.push(`${x.cells.length - rowIndexes.length} rows without a value were left out.`)
  if (y && hasMergedRows && !aggregate) notes.push(`Rows that share x${series ? ' and series' : ''} were summed.`)
  return { x, series, values, title: y ? aggregateTitle(y.name, by) : 'count', by, notes }
}

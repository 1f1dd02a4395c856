import { aggregatePlaces } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import { categoriesAndNone, columnOf, numbersOf } from '../data/column.ts'
import type { Column } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Cell, Table } from '../data/table.ts'
import type { ChartEncoding } from './sketch.ts'
import { aggregateTitle } from './scales.ts'

type Point<Value> = { x: Cell; series: Cell; value: Value }

export interface Summary<Value = number> {
  x: Column
  series: Column | undefined
  values: Point<Value>[]
  title: string
  /** Undefined when no two rows were merged. */
  by: Aggregate | undefined
  notes: string[]
}

/**
 * One value for each x (and series): the number of rows, or y aggregated. Rows without x or y are left out. A note
 * says so, and also when rows were summed without the caller's asking.
 */
export function summarise(table: Table, encoding: ChartEncoding): Summary {
  const summary = summariseWithGaps(table, encoding)
  const values = summary.values.flatMap(({ value, ...place }) => (value === null ? [] : [{ ...place, value }]))
  const missing = summary.missingRows.x + summary.missingRows.y
  return { ...summary, values, notes: [...(missing > 0 ? [`${rowCount(missing)} without a value left out.`] : []), ...summary.notes] }
}

/** The same, but a place whose rows hold no number has the value null: there a line has a gap. */
export function summariseWithGaps(
  table: Table,
  { x: xName, y: yName, series: seriesName, aggregate }: ChartEncoding,
): Summary<number | null> & { missingRows: { x: number; y: number } } {
  const x = columnOf(table, 'x', xName)
  const series = seriesName === undefined ? undefined : categoriesAndNone(table, 'series', seriesName)
  const y = yName === undefined || aggregate === 'count' ? undefined : numbersOf(table, 'y', yName)
  const rowIndexes = x.cells.flatMap((cell, i) => (cell === null ? [] : [i]))
  const missingY = y ? rowIndexes.filter((i) => y.cells[i] === null).length : 0
  if (y && missingY === rowIndexes.length) throw invalid('y', 'has no value in any row in which x has one: there is nothing to draw.')

  const places = rowIndexes.map((i) => ({ x: x.cells[i] ?? null, series: series?.cells[i] ?? null }))
  const values = aggregatePlaces(places, y && rowIndexes.map((i) => y.cells[i] as number | null), y ? (aggregate ?? 'sum') : 'count')
  const hasMergedRows = values.filter(({ value }) => value !== null).length < places.length - missingY
  const by = hasMergedRows ? (aggregate ?? (y ? 'sum' : 'count')) : undefined
  const notes = y && hasMergedRows && !aggregate ? [`Rows that share x${series ? ' and series' : ''} were summed.`] : []
  const missingRows = { x: x.cells.length - rowIndexes.length, y: missingY }
  return { x, series, values, title: y ? aggregateTitle(y.name, by) : 'count', by, notes, missingRows }
}

export const rowCount = (count: number) => (count === 1 ? 'One row was' : `${count} rows were`)

import { aggregated } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import { columnOf, numbersOf } from '../data/column.ts'
import type { Column } from '../data/column.ts'
import type { Cell, Table } from '../data/table.ts'
import type { Wanted } from './sketch.ts'
import { titled } from './scales.ts'

export interface Summed {
  x: Column
  series: Column | undefined
  values: { x: Cell; series: Cell; value: number }[]
  title: string
  /** Undefined where every row stands for itself. */
  by: Aggregate | undefined
  notes: string[]
}

/** x, and what belongs to it: the rows counted, or y summed up; said in a note when nobody asked for it. */
export function summed(table: Table, { x: xName, y: yName, series: seriesName, aggregate }: Wanted): Summed {
  const x = columnOf(table, 'x', xName)
  const series = seriesName === undefined ? undefined : columnOf(table, 'series', seriesName)
  const y = yName === undefined || aggregate === 'count' ? undefined : numbersOf(table, 'y', yName)
  const kept = x.cells.flatMap((cell, i) => (cell === null || (y && y.cells[i] === null) ? [] : [i]))
  const places = kept.map((i) => ({ x: x.cells[i] ?? null, series: series?.cells[i] ?? null }))
  const values = aggregated(places, y && kept.map((i) => y.cells[i] as number), y ? (aggregate ?? 'sum') : 'count')

  const merged = values.length < places.length
  const by = merged ? (aggregate ?? (y ? 'sum' : 'count')) : undefined
  const notes: string[] = []
  if (kept.length < x.cells.length) notes.push(`${x.cells.length - kept.length} rows without a value were left out.`)
  if (y && merged && !aggregate) notes.push(`Rows that share x${series ? ' and series' : ''} were summed.`)
  return { x, series, values, title: y ? titled(y.name, by) : 'count', by, notes }
}

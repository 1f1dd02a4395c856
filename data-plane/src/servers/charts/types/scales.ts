import { type Aggregate, distinct } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import { type Cell, invalid } from '../data/table.ts'

const AXIS_LABELS = 8

/** An axis of amounts: large ones are written 1.2M, not 1,200,000. */
export function amounts(title: string, values: Cell[], more: object = {}): { type: string; title: string; axis: object } {
  return { type: 'quantitative', title, axis: { tickCount: 6, ...format(values) }, ...more }
}

export function format(values: Cell[]): object {
  const most = values.reduce<number>((most, value) => (typeof value === 'number' ? Math.max(most, Math.abs(value)) : most), 0)
  // SI says G where people read B.
  return most >= 1_000_000 ? { labelExpr: "replace(format(datum.value, '~s'), 'G', 'B')" } : {}
}

/** Moments are drawn in UTC, as they were read. */
export function moments(title: string): object {
  return { type: 'temporal', title, scale: { type: 'utc' }, axis: { tickCount: AXIS_LABELS, labelOverlap: true } }
}

/** The caller's own order: a query has sorted already. */
export function categories(title: string, values: Cell[], more: object = {}): object {
  const angled = values.length * (longest(values) + 1) > 90
  return { type: 'nominal', title, sort: null, axis: { labelAngle: angled ? -40 : 0, labelLimit: angled ? 140 : 110 }, ...more }
}

export const longest = (values: Cell[]) => values.reduce<number>((most, value) => Math.max(most, String(value).length), 0)

/** Colours by series, their legend above the chart while it fits there. */
export function colours(column: Column | undefined): { color?: object } {
  if (!column) return {}
  const names = distinct(column)
  const above = names.length <= 5 && names.length * (longest(names) + 4) < 80
  return {
    color: {
      field: 'series',
      type: 'nominal',
      sort: null,
      title: column.name,
      legend: above ? { orient: 'top', direction: 'horizontal' } : { orient: 'right' },
    },
  }
}

export function atMost(most: number, field: string, column: Column | undefined): Column | undefined {
  const count = distinct(column).length
  if (count <= most) return column
  throw invalid(
    field,
    `"${column?.name}" has ${count} different values; this chart shows at most ${most}.`,
    'Aggregate or filter in the query first, or choose another column.',
  )
}

export const titled = (name: string, by: Aggregate | undefined) => (by && by !== 'count' ? `${name} (${by})` : name)

import { distinct } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Cell } from '../data/table.ts'

const axisLabels = 8

/** An axis of amounts: large ones are written 1.2M, not 1,200,000. */
export function amounts(title: string, values: Cell[], more: object = {}): { type: string; title: string; axis: object } {
  return { type: 'quantitative', title, axis: { tickCount: 6, ...format(values) }, ...more }
}

export function format(values: Cell[]): object {
  const max = values.reduce<number>((max, value) => (typeof value === 'number' ? Math.max(max, Math.abs(value)) : max), 0)
  // SI says G where people read B.
  return max >= 1_000_000 ? { labelExpr: "replace(format(datum.value, '~s'), 'G', 'B')" } : {}
}

/** Moments are drawn in UTC, as they were read. */
export function moments(title: string): object {
  return { type: 'temporal', title, scale: { type: 'utc' }, axis: { tickCount: axisLabels, labelOverlap: true } }
}

/** The caller's own order: a query has sorted already. */
export function categories(title: string, values: Cell[], more: object = {}): object {
  const angled = values.length * (longest(values) + 1) > 90
  return { type: 'nominal', title, sort: null, axis: { labelAngle: angled ? -40 : 0, labelLimit: angled ? 140 : 110 }, ...more }
}

export const longest = (values: Cell[]) => values.reduce<number>((max, value) => Math.max(max, String(value).length), 0)

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

export function atMost(max: number, field: string, column: Column | undefined): Column | undefined {
  const count = distinct(column).length
  if (count <= max) return column
  throw invalid(
    field,
    `"${column?.name}" has ${count} different values; this chart shows at most ${max}.`,
    'Aggregate or filter in the query first, or choose another column.',
  )
}

export const titled = (name: string, by: Aggregate | undefined) => (by && by !== 'count' ? `${name} (${by})` : name)

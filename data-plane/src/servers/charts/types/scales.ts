import { distinctCells } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Cell } from '../data/table.ts'

const timeTicks = 8

/** A channel of numbers. Large ones are labelled 1.2M, not 1,200,000. */
export function quantitative(title: string, values: Cell[], overrides: object = {}): { type: string; title: string; axis: object } {
  return { type: 'quantitative', title, axis: { tickCount: 6, ...labelFormat(values) }, ...overrides }
}

export function labelFormat(values: Cell[]): object {
  const max = values.reduce<number>((max, value) => (typeof value === 'number' ? Math.max(max, Math.abs(value)) : max), 0)
  // The SI prefix for 10⁹ is G; people expect B.
  return max >= 1_000_000 ? { labelExpr: "replace(format(datum.value, '~s'), 'G', 'B')" } : {}
}

/** A channel of times, in UTC, as they were read. */
export function temporal(title: string): object {
  return { type: 'temporal', title, scale: { type: 'utc' }, axis: { tickCount: timeTicks, labelOverlap: true } }
}

/** A channel of names, in the order of the rows, because the query has sorted them. */
export function nominal(title: string, values: Cell[], overrides: object = {}): object {
  const isAngled = values.length * (lengthOfLongest(values) + 1) > 90
  return { type: 'nominal', title, sort: null, axis: { labelAngle: isAngled ? -40 : 0, labelLimit: isAngled ? 140 : 110 }, ...overrides }
}

export const lengthOfLongest = (values: Cell[]) => values.reduce<number>((max, value) => Math.max(max, String(value).length), 0)

/** The colour channel of a series. The legend is above the chart if it fits there, else on the right. */
export function colours(column: Column | undefined): { color?: object } {
  if (!column) return {}
  const names = distinctCells(column)
  const isAbove = names.length <= 5 && names.length * (lengthOfLongest(names) + 4) < 80
  return {
    color: {
      field: 'series',
      type: 'nominal',
      sort: null,
      title: column.name,
      legend: isAbove ? { orient: 'top', direction: 'horizontal' } : { orient: 'right' },
    },
  }
}

/** Returns the column. Throws when it has more than `max` different values. */
export function limitDistinct(max: number, field: string, column: Column | undefined): Column | undefined {
  const count = distinctCells(column).length
  if (count <= max) return column
  throw invalid(
    field,
    `"${column?.name}" has ${count} different values; this chart shows at most ${max}.`,
    'Aggregate or filter in the query first, or choose another column.',
  )
}

export const aggregateTitle = (name: string, by: Aggregate | undefined) => (by && by !== 'count' ? `${name} (${by})` : name)

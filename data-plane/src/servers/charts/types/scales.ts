import { distinctCells } from '../data/points.ts'
import type { Aggregate } from '../data/points.ts'
import type { Column } from '../data/column.ts'
import { invalid } from '../data/table.ts'
import type { Cell } from '../data/table.ts'

const timeTicks = 8

/** The width of a chart, in px, unless the caller asks for one. */
export const DEFAULT_WIDTH = 800

/** A channel of numbers. Large ones are labelled 1.2M, not 1,200,000. */
export function quantitative(title: string, values: Cell[], overrides: object = {}): { type: string; title: string; axis: object } {
  return { type: 'quantitative', title, axis: { tickCount: 6, ...labelFormat(values) }, ...overrides }
}

export function labelFormat(values: Cell[]): object {
  const max = values.reduce<number>((max, value) => (typeof value === 'number' ? Math.max(max, Math.abs(value)) : max), 0)
  if (max < 1_000_000) return {}
  // The SI prefix for 10⁹ is G; people expect B. Those above T are known to few.
  if (max < 1e15) return { labelExpr: "replace(format(datum.value, '~s'), 'G', 'B')" }
  if (max < 1e18) return { labelExpr: "datum.value === 0 ? '0' : format(datum.value / 1e12, ',') + 'T'" }
  return { labelExpr: "datum.value === 0 ? '0' : format(datum.value, '~e')" }
}

/** A channel of times, in UTC, as they were read. */
export function temporal(title: string): object {
  return { type: 'temporal', title, scale: { type: 'utc' }, axis: { tickCount: timeTicks, labelOverlap: true } }
}

/** About as wide as a character of a label is, with what the axis takes, in px. */
const charWidth = 8.9

/** A channel of names below a chart, in the order of the rows, because the query has sorted them. */
export function nominal(title: string, values: Cell[], chartWidth = DEFAULT_WIDTH, overrides: object = {}): object {
  const isAngled = values.length * (lengthOfLongest(values) + 1) * charWidth > chartWidth
  const labelLimit = isAngled ? 200 : Math.round((chartWidth * 0.85) / values.length)
  return { type: 'nominal', title, sort: null, axis: { labelAngle: isAngled ? -40 : 0, labelLimit }, ...overrides }
}

/** The room for names at the side of a chart. */
export const longLabelPx = (chartWidth = DEFAULT_WIDTH) => Math.round(chartWidth * 0.4)

export const lengthOfLongest = (values: Cell[]) => values.reduce<number>((max, value) => Math.max(max, String(value).length), 0)

/** So that 20 names fit beside a chart of the usual height. */
const narrowRows = { rowPadding: 0, symbolSize: 50 }

/** The colour channel of a series. The legend is above the chart if it fits there, else on the right. */
export function colours(column: Column | undefined): { color?: object } {
  if (!column) return {}
  const names = distinctCells(column)
  const isAbove = names.length <= 5 && names.length * (lengthOfLongest(names) + 4) < 80
  return {
    color: {
      field: 'series',
      type: 'nominal',
      sort: names,
      title: column.name,
      legend: isAbove ? { orient: 'top', direction: 'horizontal' } : { orient: 'right', ...(names.length > 12 ? narrowRows : {}) },
    },
  }
}

/** Beyond this many series, a line is told by its dashes as well. */
const maxSolidLines = 10

/** The dash channel of a series of lines; none if there are few. */
export function dashes(column: Column | undefined): { strokeDash?: object } {
  const names = distinctCells(column)
  if (!column || names.length <= maxSolidLines) return {}
  const range = names.map((_, i) => (i < maxSolidLines ? [1, 0] : [7, 4]))
  return { strokeDash: { field: 'series', type: 'nominal', sort: null, title: column.name, scale: { domain: names, range } } }
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

import { titleOf } from './data/column.ts'
import type { Cell, Table } from './data/table.ts'
import { doubtOfTimes } from './data/time.ts'
import { DEFAULT_WIDTH } from './types/scales.ts'
import { bar } from './types/bar.ts'
import { boxplot } from './types/boxplot.ts'
import { heatmap } from './types/heatmap.ts'
import { histogram } from './types/histogram.ts'
import { area, line } from './types/line.ts'
import { pie } from './types/pie.ts'
import { scatter } from './types/scatter.ts'
import type { ChartEncoding, Draw } from './types/sketch.ts'

const types = { bar, line, area, scatter, pie, histogram, heatmap, boxplot } satisfies Record<string, Draw>
export type ChartType = keyof typeof types
export const CHART_TYPES = Object.keys(types) as [ChartType, ...ChartType[]]

const chartHeight = 480

export interface ChartRequest extends ChartEncoding {
  type: ChartType
  title?: string | undefined
  height?: number | undefined
}

/**
 * The Vega-Lite spec of a chart, and its rows. The fields of the rows have fixed names, because the name of a column
 * may hold dots and brackets, which Vega reads as paths.
 */
export function chartSpec(table: Table, request: ChartRequest): { spec: object; values: Record<string, Cell>[]; notes: string[] } {
  const sketch = types[request.type](table, request)
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(request.title ? { title: titleOf(request.title.slice(0, 200)) } : {}),
    width: request.width ?? DEFAULT_WIDTH,
    height: request.height ?? sketch.height ?? chartHeight,
    autosize: { type: 'fit', contains: 'padding' },
    ...sketch.spec,
  }
  return { spec, values: sketch.values, notes: [...doubts(table, request), ...sketch.notes] }
}

/** What the caller's rows leave open. */
function doubts({ columns, rows, timezone }: Table, { x, y, series }: ChartRequest): string[] {
  const used = [...new Set([x, y, series])].filter((name) => name !== undefined)
  const repeated = used.filter((name) => columns.indexOf(name) !== columns.lastIndexOf(name))
  const rounded = [x, series].filter((name) => name !== undefined && rows.some((row) => isRounded(row[columns.indexOf(name)])))
  const ofTimes = used.flatMap(
    (name) =>
      doubtOfTimes(
        name.slice(0, 100),
        rows.map((row) => row[columns.indexOf(name)] ?? null),
        timezone,
      ) ?? [],
  )
  return [
    ...ofTimes,
    ...repeated.map((name) => `There is more than one column "${name.slice(0, 100)}"; the first is drawn.`),
    ...rounded.map(
      (name) => `"${name?.slice(0, 100)}" holds whole numbers above 2^53, which JSON numbers cannot tell apart. Send them as text.`,
    ),
  ]
}

const isRounded = (cell: Cell | undefined) => typeof cell === 'number' && Number.isInteger(cell) && !Number.isSafeInteger(cell)

import { titleOf } from './data/column.ts'
import type { Cell, Table } from './data/table.ts'
import { bar } from './types/bar.ts'
import { boxplot } from './types/boxplot.ts'
import { heatmap } from './types/heatmap.ts'
import { histogram } from './types/histogram.ts'
import { area, line } from './types/line.ts'
import { pie } from './types/pie.ts'
import { scatter } from './types/scatter.ts'
import type { Draw, Wanted } from './types/sketch.ts'

const types = { bar, line, area, scatter, pie, histogram, heatmap, boxplot } satisfies Record<string, Draw>
export type ChartType = keyof typeof types
export const CHART_TYPES = Object.keys(types) as [ChartType, ...ChartType[]]

const chartWidth = 800
const chartHeight = 480

export interface ChartWanted extends Wanted {
  type: ChartType
  title?: string | undefined
  width?: number | undefined
  height?: number | undefined
}

/** The Vega-Lite spec of a chart, and its rows apart: under names of our own, since a column's may hold dots and brackets, which Vega reads as paths. */
export function chartSpec(table: Table, wanted: ChartWanted): { spec: object; values: Record<string, Cell>[]; notes: string[] } {
  const sketch = types[wanted.type](table, wanted)
  const spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...(wanted.title ? { title: titleOf(wanted.title.slice(0, 200)) } : {}),
    width: wanted.width ?? chartWidth,
    height: wanted.height ?? sketch.height ?? chartHeight,
    autosize: { type: 'fit', contains: 'padding' },
    ...sketch.spec,
  }
  return { spec, values: sketch.values, notes: sketch.notes }
}

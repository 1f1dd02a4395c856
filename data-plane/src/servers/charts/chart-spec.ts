import { titleOf } from './data/column.ts'
import type { Cell, Table } from './data/table.ts'
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

const chartWidth = 800
const chartHeight = 480

export interface ChartRequest extends ChartEncoding {
  type: ChartType
  title?: string | undefined
  width?: number | undefined
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
    width: request.width ?? chartWidth,
    height: request.height ?? sketch.height ?? chartHeight,
    autosize: { type: 'fit', contains: 'padding' },
    ...sketch.spec,
  }
  return { spec, values: sketch.values, notes: sketch.notes }
}

import { counted } from '../../server-kit/text/counted.ts'
import { z } from 'zod'
import { CHART_TYPES, chartSpec } from './chart-spec.ts'
import { FORMATS, LIMITS } from './data/limits.ts'
import { AGGREGATES } from './data/points.ts'
import { pictureAnswer, Picture, toResult } from './picture.ts'
import { charts, renderer } from './server.ts'
import { tableOf } from './data/table.ts'
import { Timezone } from './data/time.ts'

/** The bounds stand in the error text: in the schema they would take tokens in every list of tools. */
const pixels = z
  .number()
  .refine((px) => Number.isInteger(px) && px >= 120 && px <= LIMITS.maxPixels, `must be a whole number of px, 120 to ${LIMITS.maxPixels}`)
  .optional()

export const createChart = charts.tool({
  name: 'create_chart',
  description: "Charts data, or sql's columns and rows.",
  level: 'read',
  input: z.strictObject({
    type: z.enum(CHART_TYPES),
    data: z.array(z.looseObject({})).optional(),
    columns: z.array(z.preprocess(nameOf, z.string())).optional(),
    rows: z.array(z.array(z.unknown())).optional(),
    x: z.string(),
    y: z.string().optional().describe('Absent: count'),
    series: z.string().optional().describe('Colour; heatmap: value'),
    aggregate: z.enum(AGGREGATES).optional(),
    title: z.string().optional(),
    timezone: Timezone.optional(),
    width: pixels,
    height: pixels,
    format: z.enum(FORMATS).default('png'),
  }),
  output: Picture,
  async run({ type, format, title, timezone, width, height, x, y, series, aggregate, ...tableInput }, { caller, signal }) {
    const table = { ...tableOf(tableInput), ...(timezone !== undefined && { timezone }) }
    const { spec, values, notes } = chartSpec(table, { type, title, width, height, x, y, series, aggregate })
    const job = { kind: 'render', spec: JSON.stringify({ ...spec, data: { values } }), format } as const
    return toResult(await renderer.draw(job, caller.id, signal), `${type} chart of ${counted(table.rows.length, 'row')}`, notes)
  },
  ...pictureAnswer,
})

/** A column of a query's answer may be an object with a name. */
function nameOf(column: unknown): unknown {
  return typeof column === 'object' && column !== null && 'name' in column ? column.name : column
}

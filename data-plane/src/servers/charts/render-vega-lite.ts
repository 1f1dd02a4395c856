import { z } from 'zod'
import { mergedValueWarnings, missingFieldWarnings } from './data/fields.ts'
import { FORMATS } from './data/limits.ts'
import { Timezone } from './data/time.ts'
import { pictureAnswer, Picture, toResult } from './picture.ts'
import { screenSpec, Spec } from './screen-spec.ts'
import { charts, renderer } from './server.ts'

export const renderVegaLite = charts.tool({
  name: 'render_vega_lite',
  description:
    'Draws a Vega-Lite v6 spec whose rows are inside it (data.values) and returns it as an image. Nothing is loaded from addresses. At most 20,000 rows, 2 MB, 2,000 px.',
  level: 'read',
  input: z.strictObject({
    spec: Spec.describe('A Vega-Lite spec'),
    timezone: Timezone.optional().describe('IANA name; default UTC'),
    format: z.enum(FORMATS).default('png').describe('spec: only check that it compiles'),
  }),
  output: Picture,
  async run({ spec, timezone, format }, { caller, signal }) {
    const job = { kind: 'render', spec: screenSpec(spec), format, ...(timezone !== undefined && { timezone }) } as const
    return toResult(await renderer.draw(job, caller.id, signal), 'Chart', [...missingFieldWarnings(spec), ...mergedValueWarnings(spec)])
  },
  ...pictureAnswer,
})

import { z } from 'zod'
import { mergedValueWarnings, missingFieldWarnings } from './data/fields.ts'
import { refusals, Spec } from './screen-spec.ts'
import { charts, renderer } from './server.ts'

const maxErrors = 10

export const validateSpec = charts.tool({
  name: 'validate_spec',
  description: 'Checks a Vega-Lite v6 spec without drawing it: the first errors, where they are and how to mend them.',
  level: 'read',
  input: z.strictObject({ spec: Spec.describe('A Vega-Lite spec') }),
  output: z.object({
    valid: z.boolean(),
    errors: z.array(z.object({ path: z.string(), message: z.string(), hint: z.string().optional() })),
    warnings: z.array(z.string()),
  }),
  async run({ spec }, { caller, signal }) {
    const refusalsOfSpec = refusals(spec)
    if (refusalsOfSpec.length > 0) return { valid: false, errors: refusalsOfSpec.slice(0, maxErrors), warnings: [] }

    const { errors, warnings } = await renderer.validate({ kind: 'validate', spec: JSON.stringify(spec) }, caller.id, signal)
    return {
      valid: errors.length === 0,
      errors: errors.slice(0, maxErrors),
      warnings: [...missingFieldWarnings(spec), ...mergedValueWarnings(spec), ...warnings],
    }
  },
  text({ valid, errors, warnings }) {
    const lines = errors.map(({ path, message, hint }) => `${path || 'spec'}: ${message}${hint ? ` ${hint}` : ''}`)
    return [valid ? 'The spec is valid.' : `The spec has ${errors.length === 1 ? 'an error' : 'errors'}.`, ...lines, ...warnings].join('\n')
  },
})

import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { hintField } from './drawing/job.ts'
import type { Finding } from './drawing/job.ts'
import { whereBroken } from './data/json-text.ts'
import { LIMITS } from './data/limits.ts'

/** A Vega-Lite spec as a client sends it. Models often send the object as JSON text. */
export const Spec = z.preprocess(
  (spec, context) => (typeof spec === 'string' ? parseJson(spec, context) : spec),
  z.record(z.string(), z.unknown()),
)

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue(`is no JSON: ${whereBroken(text)}. Send the spec as an object, or mend the text.`)
    return z.NEVER
  }
}

/** The spec as text. Throws when anything in it is refused. */
export function screenSpec(spec: object): string {
  const [fault] = refusals(spec)
  if (fault) {
    const message = `spec${fault.path && '.'}${fault.path}: ${fault.message}`
    throw new ToolError(fault.tooLarge ? 'too_large' : 'invalid_input', message, hintField(fault))
  }
  return JSON.stringify(spec)
}

interface Refusal extends Finding {
  tooLarge?: true
}

/**
 * What is refused before anything is drawn, even if it fits the schema of Vega-Lite. Not recursive, because a client
 * may nest as deeply as it likes.
 */
export function refusals(spec: object): Refusal[] {
  const faults: Refusal[] = []
  const pending: { value: object; path: string[] }[] = [{ value: spec, path: [] }]
  let rows = 0
  let hasInlineSource = false

  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.path.length > LIMITS.maxDepth)
      return [{ path: node.path.slice(0, 4).join('.'), message: `it nests deeper than ${LIMITS.maxDepth} levels.` }]
    for (const [key, value] of Object.entries(node.value)) {
      const path = [...node.path, key]
      const refusal = refusalOf(key, value, node.path)
      if (refusal) faults.push({ ...refusal, path: path.join('.') })
      hasInlineSource ||= inlineSources.has(key)
      if (holdsRows(key, node.path)) rows += rowsIn(value)
      if (typeof value === 'object' && value !== null) pending.push({ value, path })
    }
  }
  if (rows > LIMITS.maxRows)
    faults.push(tooLarge('data', `${rows} rows; at most ${LIMITS.maxRows}.`, 'Aggregate the rows in the query first.'))
  if (faults.length > 0) return faults

  if (!hasInlineSource)
    return [{ path: 'data', message: 'the spec holds no rows.', hint: 'Put the rows into data.values as a list of objects.' }]
  const bytes = Buffer.byteLength(JSON.stringify(spec))
  if (bytes > LIMITS.maxSpecBytes)
    return [tooLarge('', `${bytes} bytes; at most ${LIMITS.maxSpecBytes}.`, 'Aggregate the rows in the query first.')]
  return []
}

/** The keys of a spec whose values are rows, or a way to generate them. */
const inlineSources = new Set(['values', 'datasets', 'sequence', 'graticule', 'sphere'])

function refusalOf(key: string, value: unknown, parents: string[]): Omit<Refusal, 'path'> | undefined {
  if (key === '__proto__') return { message: 'this name is not allowed.' }
  if (parents.some((parent, i) => holdsRows(parent, parents.slice(0, i)))) return undefined
  if (key === '$schema' && String(value).includes('/schema/vega/')) {
    return { message: 'this is a Vega spec.', hint: 'Send a Vega-Lite spec (https://vega.github.io/schema/vega-lite/v6.json).' }
  }
  if (key === 'url' && typeof value === 'string') {
    return { message: 'nothing is loaded from addresses.', hint: 'Put the rows into data.values as a list of objects.' }
  }
  if (key === 'url' || (key === 'mark' && value === 'image') || (key === 'type' && value === 'image')) {
    return { message: 'images are not drawn.', hint: 'Use another mark, such as point or text.' }
  }
  if ((key === 'width' || key === 'height' || key === 'step') && typeof value === 'number' && value > LIMITS.maxPixels) {
    return tooLarge('', `${value} px; at most ${LIMITS.maxPixels} px a side.`, 'Set a smaller size.')
  }
  return undefined
}

const holdsRows = (key: string, parents: string[]) =>
  (key === 'values' && parents.at(-1) === 'data') || (parents.at(-1) === 'datasets' && parents.length === 1)

function rowsIn(values: unknown): number {
  if (Array.isArray(values)) return values.length
  return typeof values === 'string' ? values.split('\n').length : 1
}

const tooLarge = (path: string, message: string, hint: string): Refusal => ({ path, message, hint, tooLarge: true })

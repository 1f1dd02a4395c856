import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { hinted } from './drawing/job.ts'
import type { Finding } from './drawing/job.ts'
import { LIMITS } from './data/limits.ts'

/** A Vega-Lite spec as a client sends it; models often send an object as text. */
export const Spec = z.preprocess((given) => (typeof given === 'string' ? parsed(given) : given), z.record(z.string(), z.unknown()))

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The spec as text, once nothing in it is refused. */
export function screened(spec: object): string {
  const [fault] = refusals(spec)
  if (fault) {
    const message = `spec${fault.path && '.'}${fault.path}: ${fault.message}`
    throw new ToolError(fault.tooLarge ? 'too_large' : 'invalid_input', message, hinted(fault))
  }
  return JSON.stringify(spec)
}

interface Refusal extends Finding {
  tooLarge?: true
}

/** What is refused before anything is drawn, however well it fits the schema. Walks with a list, not the stack: nesting is a stranger's. */
export function refusals(spec: object): Refusal[] {
  const found: Refusal[] = []
  const open: { value: object; path: string[] }[] = [{ value: spec, path: [] }]
  let rows = 0
  let inline = false

  for (let at = open.pop(); at; at = open.pop()) {
    if (at.path.length > LIMITS.maxDepth)
      return [{ path: at.path.slice(0, 4).join('.'), message: `it nests deeper than ${LIMITS.maxDepth} levels.` }]
    for (const [key, value] of Object.entries(at.value)) {
      const path = [...at.path, key]
      const message = refused(key, value, at.path)
      if (message) found.push({ ...message, path: path.join('.') })
      inline ||= inlineSources.has(key)
      if (holdsRows(key, at.path)) rows += rowsIn(value)
      if (typeof value === 'object' && value !== null) open.push({ value, path })
    }
  }
  if (rows > LIMITS.maxRows)
    found.push(tooLarge('data', `${rows} rows; at most ${LIMITS.maxRows}.`, 'Aggregate the rows in the query first.'))
  if (found.length > 0) return found

  if (!inline) return [{ path: 'data', message: 'the spec holds no rows.', hint: 'Put the rows into data.values as a list of objects.' }]
  const bytes = Buffer.byteLength(JSON.stringify(spec))
  if (bytes > LIMITS.maxSpecBytes)
    return [tooLarge('', `${bytes} bytes; at most ${LIMITS.maxSpecBytes}.`, 'Aggregate the rows in the query first.')]
  return []
}

/** Where rows, or a way of making them, stand in a spec. */
const inlineSources = new Set(['values', 'datasets', 'sequence', 'graticule', 'sphere'])

function refused(key: string, value: unknown, parents: string[]): Omit<Refusal, 'path'> | undefined {
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

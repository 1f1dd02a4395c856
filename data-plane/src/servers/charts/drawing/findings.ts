import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import { nearest } from '../data/nearest.ts'
import type { Finding, Findings } from './job.ts'
import { render } from './render.ts'

const schema = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve('vega-lite/vega-lite-schema.json')), 'utf8')) as object
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, meta: false, validateSchema: false, verbose: true })
ajv.addSchema(schema, 'vega-lite')

/** What kind of chart a spec means to be decides what it is held to: against all kinds at once every error would be drowned. */
const kinds = [
  ['layer', 'TopLevelLayerSpec'],
  ['facet', 'TopLevelFacetSpec'],
  ['repeat', 'TopLevelRepeatSpec'],
  ['concat', 'TopLevelConcatSpec'],
  ['vconcat', 'TopLevelVConcatSpec'],
  ['hconcat', 'TopLevelHConcatSpec'],
] as const

export async function findings(specText: string): Promise<Findings> {
  const spec = JSON.parse(specText) as Record<string, unknown>
  const kind = kinds.find(([key]) => Object.hasOwn(spec, key))?.[1] ?? 'TopLevelUnitSpec'
  const validate = ajv.getSchema(`vega-lite#/definitions/${kind}`)
  if (!validate) throw new Error(`vega-lite's schema has no ${kind}`)
  if (!validate(spec)) return { errors: mended(validate.errors ?? []), warnings: [] }

  try {
    const { warnings } = await render(specText, 'spec')
    return { errors: [], warnings }
  } catch (error) {
    return { errors: [{ path: '', message: error instanceof Error ? error.message : String(error) }], warnings: [] }
  }
}

/**
 * A choice that fits none of its branches fails once in each. What all branches refuse is the error; of the places, the deepest
 * are the cause and those above them only follow.
 */
function mended(errors: ErrorObject[]): Finding[] {
  const places = Map.groupBy(
    errors.filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf' && keyword !== 'not'),
    ({ instancePath }) => instancePath,
  )
  const paths = [...places.keys()]
  // A place that only tells branches apart (`type` of a mark) is right for another branch when something else is wrong too.
  const telling = paths.filter((path) => places.get(path)?.some(({ keyword }) => keyword !== 'const'))
  const causes = telling.length > 0 ? telling : paths
  const maxDepth = causes.filter((path) => !causes.some((other) => other.startsWith(`${path}/`)))
  return maxDepth.flatMap((path) => findingsAt(path, places.get(path) ?? []))
}

function findingsAt(instancePath: string, errors: ErrorObject[]): Finding[] {
  const path = instancePath.slice(1).replaceAll('/', '.')
  const types = [...new Set(errors.filter(({ keyword }) => keyword === 'type').flatMap(({ params }) => params['type'] as string))]
  const allowed = new Set(errors.flatMap(allowedBy).map(String))
  allowed.delete('image') // known to the schema, refused here
  const given: unknown = errors[0]?.data
  if (allowed.size > 0 && typeof given === 'string') {
    const others = types.filter((type) => !['string', 'object', 'null'].includes(type)).map((type) => `a ${type}`)
    return [{ path, message: `"${given.slice(0, 100)}" is not allowed here.`, hint: suggestion(given, [...allowed, ...others]) }]
  }
  const unknown = unknownEverywhere(errors)
  if (unknown.length > 0) {
    const known = [...new Set(errors.flatMap(knownBy))]
    return unknown.map((name) => ({ path: path ? `${path}.${name}` : name, message: 'is not known here.', hint: suggestion(name, known) }))
  }
  const missing = errors.find(({ keyword }) => keyword === 'required')
  if (missing) return [{ path, message: `${String(missing.params['missingProperty'])} is missing.` }]
  if (types.length > 0) return [{ path, message: `must be ${types.join(' or ')}.` }]
  return [{ path, message: `${errors[0]?.message ?? 'does not fit'}.` }]
}

function allowedBy({ keyword, params }: ErrorObject): unknown[] {
  if (keyword === 'enum') return params['allowedValues'] as unknown[]
  return keyword === 'const' ? [params['allowedValue']] : []
}

/** Names that every branch refuses; one branch's unknown is another's own. */
function unknownEverywhere(errors: ErrorObject[]): string[] {
  const branches = Map.groupBy(
    errors.filter(({ keyword }) => keyword === 'additionalProperties'),
    ({ parentSchema }) => parentSchema,
  )
  const counted = Map.groupBy(
    [...branches.values()].flatMap((of) => [...new Set(of.map(({ params }) => String(params['additionalProperty'])))]),
    (name) => name,
  )
  return [...counted].filter(([, times]) => times.length === branches.size).map(([name]) => name)
}

const knownBy = ({ keyword, parentSchema }: ErrorObject): string[] =>
  keyword === 'additionalProperties' ? Object.keys((parentSchema?.['properties'] as object | undefined) ?? {}) : []

function suggestion(given: string, allowed: string[]): string {
  const close = nearest(given, allowed)
  if (close !== undefined) return `Did you mean ${close}?`
  return `Allowed: ${allowed.slice(0, 24).join(', ')}${allowed.length > 24 ? ', …' : ''}.`
}

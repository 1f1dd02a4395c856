import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nearest } from '../data/nearest.ts'
import type { Finding, Findings } from './job.ts'
import { render } from './render.ts'
import { SchemaReader } from './schema.ts'
import type { Schema, SchemaError } from './schema.ts'

const schemaFile = fileURLToPath(import.meta.resolve('vega-lite/vega-lite-schema.json'))
const schema = new SchemaReader(JSON.parse(readFileSync(schemaFile, 'utf8')) as Schema)

/**
 * The definition of each kind of spec, by the key that tells the kind. A spec is validated against its own kind only:
 * validated against all kinds at once, its errors would be lost among those of the other kinds.
 */
const definitionsByKey = [
  ['layer', 'TopLevelLayerSpec'],
  ['facet', 'TopLevelFacetSpec'],
  ['repeat', 'TopLevelRepeatSpec'],
  ['concat', 'TopLevelConcatSpec'],
  ['vconcat', 'TopLevelVConcatSpec'],
  ['hconcat', 'TopLevelHConcatSpec'],
] as const

export async function findFaults(specText: string): Promise<Findings> {
  const spec = JSON.parse(specText) as Record<string, unknown>
  const definition = definitionsByKey.find(([key]) => Object.hasOwn(spec, key))?.[1] ?? 'TopLevelUnitSpec'
  const errors = schema.check(definition, spec)
  if (errors.length > 0) return { errors: causesOf(errors), warnings: [] }

  try {
    const { warnings } = await render(specText, 'spec')
    return { errors: [], warnings }
  } catch (error) {
    return { errors: [{ path: '', message: error instanceof Error ? error.message : String(error) }], warnings: [] }
  }
}

/**
 * A value that fits no branch of an `anyOf` fails once in each branch. The real error is the one in all branches. Of
 * nested places with errors, the deepest are the cause; the errors above them only follow from it.
 */
function causesOf(errors: SchemaError[]): Finding[] {
  const places = Map.groupBy(errors, ({ path }) => path)
  const paths = [...places.keys()]
  // A place with only `const` errors, such as `type` of a mark, fits another branch: some other place is wrong.
  const otherThanConst = paths.filter((path) => places.get(path)?.some(({ keyword }) => keyword !== 'const'))
  const candidates = otherThanConst.length > 0 ? otherThanConst : paths
  const deepest = candidates.filter((path) => !candidates.some((other) => other.startsWith(`${path}/`)))
  return deepest.flatMap((path) => findingsAt(path, places.get(path) ?? []))
}

function findingsAt(pointer: string, errors: SchemaError[]): Finding[] {
  const path = pointer.slice(1).replaceAll('/', '.')
  const types = [...new Set(errors.filter(({ keyword }) => keyword === 'type').flatMap(({ schema }) => schema.type ?? []))]
  const allowed = new Set(errors.flatMap(valuesAllowedBy).map(String))
  allowed.delete('image') // known to the schema, refused here
  const value = errors[0]?.value
  if (allowed.size > 0 && typeof value === 'string') {
    const allowedTypes = types.filter((type) => !['string', 'object', 'null'].includes(type)).map((type) => `a ${type}`)
    return [{ path, message: `"${value.slice(0, 100)}" is not allowed here.`, hint: suggestion(value, [...allowed, ...allowedTypes]) }]
  }
  const unknownNames = namesUnknownEverywhere(errors)
  if (unknownNames.length > 0) {
    const knownNames = [...new Set(errors.flatMap(namesKnownBy))]
    return unknownNames.map((name) => ({
      path: path ? `${path}.${name}` : name,
      message: 'is not known here.',
      hint: suggestion(name, knownNames),
    }))
  }
  const missing = errors.find(({ keyword }) => keyword === 'required')
  if (missing) return [{ path, message: `${missing.property} is missing.` }]
  if (types.length > 0) return [{ path, message: `must be ${types.join(' or ')}.` }]
  return errors
    .slice(0, 1)
    .map(({ keyword, schema }) => ({ path, message: `does not fit: ${keyword} is ${JSON.stringify(schema[keyword])}.` }))
}

function valuesAllowedBy({ keyword, schema }: SchemaError): unknown[] {
  if (keyword === 'enum') return schema.enum ?? []
  return keyword === 'const' ? [schema.const] : []
}

/** The property names that every branch refuses. A name that one branch refuses may be known to another. */
function namesUnknownEverywhere(errors: SchemaError[]): string[] {
  const branches = Map.groupBy(
    errors.filter(({ keyword }) => keyword === 'additionalProperties'),
    ({ schema }) => schema,
  )
  const refusals = Map.groupBy(
    [...branches.values()].flatMap((branchErrors) => [...new Set(branchErrors.map(({ property }) => String(property)))]),
    (name) => name,
  )
  return [...refusals].filter(([, occurrences]) => occurrences.length === branches.size).map(([name]) => name)
}

const namesKnownBy = ({ keyword, schema }: SchemaError): string[] =>
  keyword === 'additionalProperties' ? Object.keys(schema.properties ?? {}) : []

function suggestion(word: string, allowed: string[]): string {
  const nearestWord = nearest(word, allowed)
  if (nearestWord !== undefined) return `Did you mean ${nearestWord}?`
  return `Allowed: ${allowed.slice(0, 24).join(', ')}${allowed.length > 24 ? ', …' : ''}.`
}

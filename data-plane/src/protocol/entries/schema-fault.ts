import { isObject } from '../../json/is-object.ts'
import type { Fields } from '../../json/edit.ts'

type Kind = 'number' | 'text' | 'truth' | 'names' | 'values' | 'schema' | 'schemas' | 'items' | 'schemasByName' | 'dependencies' | 'format'

/** What the keywords of JSON Schema hold (draft-07, which official clients compile by). Others mean nothing there. */
const keywords = new Map<string, Kind>([
  ...kind('number', 'multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength maxItems minItems'),
  ...kind('number', 'maxProperties minProperties'),
  ...kind('text', '$schema $ref pattern $comment'),
  ...kind('truth', 'uniqueItems'),
  ...kind('names', 'required'),
  ...kind('values', 'enum'),
  ...kind('schema', 'not if then else contains propertyNames additionalProperties additionalItems'),
  ...kind('schemas', 'allOf anyOf oneOf'),
  ...kind('items', 'items'),
  ...kind('schemasByName', 'properties patternProperties definitions $defs'),
  ...kind('dependencies', 'dependencies'),
  ...kind('format', 'format'),
])

/** What changes how the rest is read, or is refused by compilers. No tool needs it to describe its output. */
const foreign = new Set([
  '$id',
  'id',
  '$anchor',
  '$dynamicAnchor',
  '$dynamicRef',
  '$recursiveRef',
  '$recursiveAnchor',
  '$async',
  'nullable',
])

const types = new Set<unknown>(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'])
const maxDepth = 64

function kind(kind: Kind, names: string): [string, Kind][] {
  return names.split(' ').map((name) => [name, kind])
}

/**
 * Why clients could not compile a JSON Schema; undefined when they can. It looks at the form alone and compiles
 * nothing: the schema comes from a server, and compiling one can take any time. It refuses a little more than
 * compilers do.
 */
export function schemaFault(root: Fields): string | undefined {
  return faultIn(root, '', 0)

  function faultIn(schema: unknown, path: string, depth: number): string | undefined {
    if (typeof schema === 'boolean') return undefined
    if (!isObject(schema)) return `${placeOf(path)} is no schema`
    if (depth > maxDepth) return `more than ${maxDepth} levels deep`
    for (const [name, value] of Object.entries(schema)) {
      const fault = keywordFault(name, value, path === '' ? name : `${path}.${name}`, depth + 1)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  function keywordFault(name: string, value: unknown, path: string, depth: number): string | undefined {
    const wrong = `${placeOf(path)} is not what JSON Schema has there`
    if (foreign.has(name)) return `${placeOf(path)} is not understood by all clients`
    if (name === 'type') return isType(value) ? undefined : wrong
    switch (keywords.get(name)) {
      case undefined:
        return undefined
      case 'number':
        return Number.isFinite(value) ? undefined : wrong
      case 'truth':
        return typeof value === 'boolean' ? undefined : wrong
      case 'format':
        return typeof value === 'string' ? undefined : wrong
      case 'text':
        return typeof value === 'string' ? textFault(name, value, path) : wrong
      case 'names':
        return isTexts(value) ? undefined : wrong
      case 'values':
        return Array.isArray(value) && value.length > 0 ? undefined : wrong
      case 'schema':
        return faultIn(value, path, depth)
      case 'schemas':
        return Array.isArray(value) && value.length > 0 ? faultInEach([...value.entries()], path, depth) : wrong
      case 'items':
        return Array.isArray(value) ? faultInEach([...value.entries()], path, depth) : faultIn(value, path, depth)
      case 'schemasByName':
        if (!isObject(value)) return wrong
        if (name === 'patternProperties' && !Object.keys(value).every(isPattern)) return `${placeOf(path)} has a broken pattern`
        return faultInEach(Object.entries(value), path, depth)
      case 'dependencies':
        if (!isObject(value)) return wrong
        return faultInEach(
          Object.entries(value).filter(([, inner]) => !isTexts(inner)),
          path,
          depth,
        )
    }
  }

  function faultInEach(schemas: readonly (readonly [string | number, unknown])[], path: string, depth: number): string | undefined {
    for (const [key, schema] of schemas) {
      const fault = faultIn(schema, `${path}.${key}`, depth)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  function textFault(name: string, value: string, path: string): string | undefined {
    if (name === 'pattern' && !isPattern(value)) return `${placeOf(path)} is a broken pattern`
    return name === '$ref' && !isResolved(root, value) ? `${placeOf(path)} names nothing in the schema` : undefined
  }
}

const placeOf = (path: string): string => (path === '' ? 'the schema' : path.slice(0, 100))

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')

const isType = (value: unknown): boolean =>
  types.has(value) || (Array.isArray(value) && value.length > 0 && value.every((item) => types.has(item)))

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}

/**
 * Whether a reference leads to a schema of this same document (RFC 6901 in a fragment), and not from reference to
 * reference in a circle. Nothing is fetched.
 */
function isResolved(root: Fields, ref: string): boolean {
  const followed = new Set<string>()
  let next: unknown = ref
  while (typeof next === 'string') {
    if (followed.has(next) || followed.size === maxDepth) return false
    followed.add(next)
    const target = targetOf(root, next)
    if (!isObject(target)) return typeof target === 'boolean'
    next = target['$ref']
  }
  return true
}

function targetOf(root: Fields, ref: string): unknown {
  if (ref === '#') return root
  if (!/^#(\/[\w$.~-]+)+$/.test(ref)) return undefined
  let at: unknown = root
  for (const part of ref.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

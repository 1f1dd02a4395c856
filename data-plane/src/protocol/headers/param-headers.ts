import { isObject } from '../../json/is-object.ts'
import { valueAt } from '../../json/value-at.ts'
import { headerValue } from './encoding.ts'
import { foldedHeader } from './folded-header.ts'

/** An argument that a tool wants as a header too. Its input schema says so with `x-mcp-header`. */
export interface ParamHeader {
  /** The names of the properties that lead to the argument. */
  readonly path: readonly string[]
  /** `Mcp-Param-…`, in lower case. */
  readonly header: string
}

/** An annotation breaks the rules. A tool with such an annotation must not be listed. */
export class InvalidAnnotation extends Error {
  override readonly name = 'InvalidAnnotation'
}

const annotationKey = 'x-mcp-header'
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const annotatedTypes = new Set<unknown>(['string', 'integer', 'boolean'])
/** Keywords that hold schemas by name. The names are not keywords. */
const schemaMapKeywords = new Set(['$defs', 'definitions', 'patternProperties', 'dependentSchemas'])
/** Keywords that hold data, not schemas. */
const dataKeywords = new Set(['const', 'enum', 'default', 'examples', annotationKey])
const maxDepth = 64
const maxHeaders = 100
const maxSchemas = 20_000

/**
 * Reads the annotated arguments of a tool's input schema. Throws `InvalidAnnotation` (MCP 2026-07-28, Streamable
 * HTTP, custom headers).
 */
export function paramHeadersOf(inputSchema: unknown): ParamHeader[] {
  const walk = new SchemaWalk()
  walk.schema(inputSchema, [])
  const { headers } = walk
  const names = new Set(headers.map(({ header }) => foldedHeader(header)))
  if (names.size < headers.length) throw new InvalidAnnotation('two arguments want the same header')
  if (headers.length > maxHeaders) throw new InvalidAnnotation(`more than ${maxHeaders} headers`)
  return headers
}

class SchemaWalk {
  readonly headers: ParamHeader[] = []
  private schemaCount = 0

  /**
   * `path` is undefined where an annotation is not allowed. Only a chain of `properties` leads to exactly one
   * argument; items of a list or branches of `anyOf` do not.
   */
  schema(schema: unknown, path: readonly string[] | undefined, depth = 0): void {
    if (depth > maxDepth || typeof schema !== 'object' || schema === null) return
    if (++this.schemaCount > maxSchemas) throw new InvalidAnnotation(`a schema of more than ${maxSchemas} parts`)
    if (Array.isArray(schema)) return schema.forEach((item) => this.schema(item, undefined, depth + 1))
    if (!isObject(schema)) return
    if (Object.hasOwn(schema, annotationKey)) this.headers.push(readAnnotation(schema, path))
    for (const keyword in schema) {
      if (dataKeywords.has(keyword)) continue
      const isProperties = keyword === 'properties'
      const inner = schema[keyword]
      if (!isProperties && !schemaMapKeywords.has(keyword)) this.schema(inner, undefined, depth + 1)
      else if (isObject(inner)) this.members(inner, isProperties ? path : undefined, depth + 1)
    }
  }

  private members(schemas: Record<string, unknown>, path: readonly string[] | undefined, depth: number): void {
    for (const name in schemas) this.schema(schemas[name], path && [...path, name], depth)
  }
}

function readAnnotation(schema: Record<string, unknown>, path: readonly string[] | undefined): ParamHeader {
  const name = schema[annotationKey]
  if (!path || path.length === 0) throw new InvalidAnnotation('an annotation where no argument is')
  if (typeof name !== 'string' || !tokenPattern.test(name)) throw new InvalidAnnotation('a name that no header may have')
  if (!annotatedTypes.has(schema['type'])) throw new InvalidAnnotation('an argument that is neither string, integer nor boolean')
  return { path, header: `mcp-param-${name.toLowerCase()}` }
}

/** The headers of one call. An argument that is absent or null gets no header. */
export function headersFor(annotations: readonly ParamHeader[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { path, header } of annotations) {
    const value = valueAt(args, path)
    if (typeof value === 'string') headers[header] = headerValue(value)
    if (typeof value === 'boolean' || Number.isSafeInteger(value)) headers[header] = String(value)
  }
  return headers
}

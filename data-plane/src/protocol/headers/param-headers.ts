import { isObject } from '../../json/is-object.ts'
import { headerValue } from './encoding.ts'

/** An argument that a tool wants to see as a header too: `x-mcp-header` in its input schema. */
export interface ParamHeader {
  readonly path: readonly string[]
  /** `Mcp-Param-…`, in lower case. */
  readonly header: string
}

/** A tool whose annotations break the rules must not be listed. */
export class InvalidAnnotation extends Error {
  override readonly name = 'InvalidAnnotation'
}

const key = 'x-mcp-header'
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const types = new Set<unknown>(['string', 'integer', 'boolean'])
/** Keywords whose members are named schemas: a name is no keyword. */
const named = new Set(['$defs', 'definitions', 'patternProperties', 'dependentSchemas'])
/** Keywords that hold data, not schemas. */
const data = new Set(['const', 'enum', 'default', 'examples', key])
const maxDepth = 64
const maxHeaders = 100
const maxSchemas = 20_000

/** What a tool's input schema annotates. Throws `InvalidAnnotation` (MCP 2026-07-28, Streamable HTTP, custom headers). */
export function paramHeadersOf(inputSchema: unknown): ParamHeader[] {
  const walk = new Walk()
  walk.schema(inputSchema, [])
  const { found } = walk
  const names = new Set(found.map(({ header }) => header))
  if (names.size < found.length) throw new InvalidAnnotation('two arguments want the same header')
  if (found.length > maxHeaders) throw new InvalidAnnotation(`more than ${maxHeaders} headers`)
  return found
}

class Walk {
  readonly found: ParamHeader[] = []
  private seen = 0

  /** `path` is undefined where no annotation may stand: only a chain of `properties` leads to an argument that is always the same one. */
  schema(schema: unknown, path: readonly string[] | undefined, depth = 0): void {
    if (depth > maxDepth || typeof schema !== 'object' || schema === null) return
    if (++this.seen > maxSchemas) throw new InvalidAnnotation(`a schema of more than ${maxSchemas} parts`)
    if (Array.isArray(schema)) return schema.forEach((one) => this.schema(one, undefined, depth + 1))
    if (!isObject(schema)) return
    if (Object.hasOwn(schema, key)) this.found.push(annotation(schema, path))
    for (const keyword in schema) {
      if (data.has(keyword)) continue
      const isProperties = keyword === 'properties'
      const inner = schema[keyword]
      if (!isProperties && !named.has(keyword)) this.schema(inner, undefined, depth + 1)
      else if (isObject(inner)) this.members(inner, isProperties ? path : undefined, depth + 1)
    }
  }

  private members(schemas: Record<string, unknown>, path: readonly string[] | undefined, depth: number): void {
    for (const name in schemas) this.schema(schemas[name], path && [...path, name], depth)
  }
}

function annotation(schema: Record<string, unknown>, path: readonly string[] | undefined): ParamHeader {
  const name = schema[key]
  if (!path || path.length === 0) throw new InvalidAnnotation('an annotation where no argument is')
  if (typeof name !== 'string' || !token.test(name)) throw new InvalidAnnotation('a name that no header may have')
  if (!types.has(schema['type'])) throw new InvalidAnnotation('an argument that is neither string, integer nor boolean')
  return { path, header: `mcp-param-${name.toLowerCase()}` }
}

/** The headers of one call. What is absent or null has none. */
export function headersFor(annotations: readonly ParamHeader[], args: unknown): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { path, header } of annotations) {
    const value = valueAt(args, path)
    if (typeof value === 'string') headers[header] = headerValue(value)
    if (typeof value === 'boolean' || Number.isSafeInteger(value)) headers[header] = String(value)
  }
  return headers
}

const valueAt = (args: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), args)

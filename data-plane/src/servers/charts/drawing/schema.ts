/** A JSON Schema, as far as Vega-Lite's uses it. */
export interface Schema {
  $ref?: string
  anyOf?: Schema[]
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  items?: Schema
  minItems?: number
  maxItems?: number
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  required?: string[]
  minProperties?: number
  definitions?: Record<string, Schema>
}

/** One keyword that a value does not satisfy. Of an `anyOf`, there are the errors of every branch. */
export interface SchemaError {
  /** As JSON Pointer writes it: `/encoding/x`. Empty for the value itself. */
  path: string
  keyword: keyof Schema
  /** The schema that has the keyword. */
  schema: Schema
  value: unknown
  /** The property that is missing, or that is not known. */
  property?: string
}

/** A list of 20,000 rows that fits nowhere gives no more errors than a person reads. */
const maxErrorsOfList = 10

/**
 * Checks values by reading the schema. A library that compiles it takes six seconds for Vega-Lite's 2,800 types, and
 * the process that validates lives for one or two specs.
 */
export class SchemaReader {
  private readonly definitions: Record<string, Schema>

  constructor(root: Schema) {
    this.definitions = root.definitions ?? {}
  }

  /** The errors of a value under a definition of the schema; empty if it is valid. */
  check(definition: string, value: unknown): SchemaError[] {
    return this.errorsOf({ $ref: `#/definitions/${definition}` }, value, '')
  }

  private errorsOf(schema: Schema, value: unknown, path: string): SchemaError[] {
    if (schema.$ref !== undefined) return this.errorsOf(this.resolve(schema.$ref), value, path)
    const error = (keyword: keyof Schema): SchemaError => ({ path, keyword, schema, value })
    return [
      ...(schema.anyOf ? this.errorsOfAll(schema.anyOf, value, path) : []),
      ...wrongKeywords(schema, value).map(error),
      ...(Array.isArray(value) ? this.errorsOfItems(schema, value, path) : []),
      ...(isRecord(value) ? this.errorsOfProperties(schema, value, path) : []),
    ]
  }

  private resolve(reference: string): Schema {
    const schema = this.definitions[decodeURIComponent(reference.slice('#/definitions/'.length))]
    if (!schema) throw new Error(`the schema has no ${reference}`)
    return schema
  }

  private errorsOfAll(branches: Schema[], value: unknown, path: string): SchemaError[] {
    const errors: SchemaError[] = []
    for (const branch of branches) {
      const errorsOfBranch = this.errorsOf(branch, value, path)
      if (errorsOfBranch.length === 0) return []
      errors.push(...errorsOfBranch)
    }
    return errors
  }

  private errorsOfItems({ items }: Schema, values: unknown[], path: string): SchemaError[] {
    const errors: SchemaError[] = []
    if (!items) return errors
    for (const [i, value] of values.entries()) {
      if (errors.length >= maxErrorsOfList) break
      errors.push(...this.errorsOf(items, value, `${path}/${i}`))
    }
    return errors
  }

  private errorsOfProperties(schema: Schema, value: Record<string, unknown>, path: string): SchemaError[] {
    const { properties = {}, additionalProperties = true, required = [] } = schema
    const missing = required.filter((property) => !Object.hasOwn(value, property))
    return [
      ...missing.map((property) => ({ path, keyword: 'required' as const, schema, value, property })),
      ...Object.entries(value).flatMap(([property, part]): SchemaError[] => {
        const partSchema = Object.hasOwn(properties, property) ? properties[property] : additionalProperties
        if (partSchema === false) return [{ path, keyword: 'additionalProperties', schema, value, property }]
        return isSchema(partSchema) ? this.errorsOf(partSchema, part, `${path}/${property}`) : []
      }),
    ]
  }
}

const isSchema = (schema: boolean | Schema | undefined): schema is Schema => typeof schema === 'object'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The keywords that look at the value alone, not into it. */
function wrongKeywords(schema: Schema, value: unknown): (keyof Schema)[] {
  const wrong: (keyof Schema)[] = []
  if (schema.type !== undefined && ![schema.type].flat().includes(typeOf(value))) wrong.push('type')
  if (schema.enum && !schema.enum.includes(value)) wrong.push('enum')
  if (schema.const !== undefined && schema.const !== value) wrong.push('const')
  const [size, min, max] = boundsFor(value)
  if (min && size < (schema[min] ?? -Infinity)) wrong.push(min)
  if (max && size > (schema[max] ?? Infinity)) wrong.push(max)
  return wrong
}

type Bound = 'minimum' | 'maximum' | 'minLength' | 'maxLength' | 'minItems' | 'maxItems' | 'minProperties'

/** What of a value is counted, and the keywords that limit it. */
function boundsFor(value: unknown): [size: number, min?: Bound, max?: Bound] {
  if (typeof value === 'number') return [value, 'minimum', 'maximum']
  if (typeof value === 'string') return [value.length, 'minLength', 'maxLength']
  if (Array.isArray(value)) return [value.length, 'minItems', 'maxItems']
  return isRecord(value) ? [Object.keys(value).length, 'minProperties'] : [0]
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

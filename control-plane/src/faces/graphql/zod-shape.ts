import { z } from 'zod'

/** A schema of the contract in terms of GraphQL. What GraphQL cannot express (records, open objects) becomes JSON. */
export type Shape =
  | { as: 'scalar'; scalar: 'String' | 'ID' | 'Int' | 'SafeInt' | 'Float' | 'Boolean' | 'JSON' }
  | { as: 'enum'; values: string[]; schema: z.ZodType }
  | { as: 'list'; item: z.ZodType }
  | { as: 'object'; fields: [string, z.ZodType][]; schema: z.ZodType }

interface Def {
  type: string
  format?: string
  innerType?: z.ZodType
  in?: z.ZodType
  element?: z.ZodType
  shape?: Record<string, z.ZodType>
  entries?: Record<string, string>
  values?: unknown[]
  options?: z.ZodType[]
  discriminator?: string
}

const defOf = (schema: z.ZodType) => schema._zod.def as unknown as Def

/** Whether an input may leave the value out or set it to null. */
export const isNullable = (schema: z.ZodType): boolean => schema.safeParse(undefined).success || acceptsNull(schema)

/** Whether an output may lack the value. A value with a default is always there. */
export const mayBeAbsent = (schema: z.ZodType): boolean => ['optional', 'nullable'].includes(defOf(schema).type)

export const acceptsNull = (schema: z.ZodType): boolean => schema.safeParse(null).success

const wrappers = new Set(['optional', 'nullable', 'default', 'prefault', 'readonly', 'nonoptional'])

/** The schema inside of optional, nullable, default and similar wrappers; of a transform, its input. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const { type, innerType, in: pipeInput } = defOf(schema)
  if (wrappers.has(type) && innerType) return unwrap(innerType)
  return type === 'pipe' && pipeInput ? unwrap(pipeInput) : schema
}

export function shapeOf(wrapped: z.ZodType): Shape {
  const schema = unwrap(wrapped)
  const def = defOf(schema)
  switch (def.type) {
    case 'string':
      return { as: 'scalar', scalar: def.format === 'uuid' ? 'ID' : 'String' }
    case 'number':
      return { as: 'scalar', scalar: numberScalar(schema) }
    case 'boolean':
      return { as: 'scalar', scalar: 'Boolean' }
    case 'literal':
      return { as: 'scalar', scalar: literalScalar(def.values ?? []) }
    case 'enum':
      return enumShape(schema, Object.values(def.entries ?? {}))
    case 'array':
      return def.element ? { as: 'list', item: def.element } : json
    case 'object':
      return objectShape(schema, Object.entries(def.shape ?? {}))
    case 'union':
      if (def.discriminator !== undefined) return objectShape(schema, fieldsOfAny(def.options ?? []))
      // The only other union of the contract is a time: text, or the Date that a YAML parser makes of it.
      return { as: 'scalar', scalar: 'String' }
    default:
      return json
  }
}

const json: Shape = { as: 'scalar', scalar: 'JSON' }

const maxInt = 2 ** 31 - 1

/** GraphQL's Int has 32 bits. A number that may be larger is a SafeInt. */
function numberScalar(schema: z.ZodType): 'Int' | 'SafeInt' | 'Float' {
  if (schema.safeParse(1.5).success) return 'Float'
  return schema.safeParse(maxInt + 1).success || schema.safeParse(-maxInt - 2).success ? 'SafeInt' : 'Int'
}

function literalScalar([value]: unknown[]) {
  if (typeof value === 'boolean') return 'Boolean'
  return typeof value === 'number' ? 'Int' : 'String'
}

/**
 * Enum values in GraphQL may not have hyphens. An enum with such values, like the reasons of a verdict, stays text.
 */
function enumShape(schema: z.ZodType, values: string[]): Shape {
  const areValidNames = values.every((value) => /^[A-Za-z_]\w*$/.test(value))
  return areValidNames ? { as: 'enum', values, schema } : { as: 'scalar', scalar: 'String' }
}

/**
 * The fields of a union, because GraphQL has no unions of inputs. It has all fields of all options; a field that some
 * option lacks is optional. The contract refuses combinations that do not belong together.
 */
function fieldsOfAny(options: z.ZodType[]): [string, z.ZodType][] {
  const shapes = options.map((option) => defOf(unwrap(option)).shape ?? {})
  const keys = new Set(shapes.flatMap((shape) => Object.keys(shape)))
  return [...keys].flatMap((key): [string, z.ZodType][] => {
    const options = shapes.flatMap((shape) => shape[key] ?? [])
    const [field] = options
    if (!field) return []
    return [[key, options.length === shapes.length ? field : z.optional(field)]]
  })
}

function objectShape(schema: z.ZodType, fields: [string, z.ZodType][]): Shape {
  return fields.length === 0 ? json : { as: 'object', fields, schema }
}

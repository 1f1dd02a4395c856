import { z } from 'zod'

/** A contract schema as GraphQL can say it. Whatever it cannot say (records, open objects) is JSON. */
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

/** May a question leave it out, or say null? */
export const isNullable = (schema: z.ZodType): boolean => schema.safeParse(undefined).success || acceptsNull(schema)

/** May an answer lack it? What has a default never lacks. */
export const mayBeAbsent = (schema: z.ZodType): boolean => ['optional', 'nullable'].includes(defOf(schema).type)

export const acceptsNull = (schema: z.ZodType): boolean => schema.safeParse(null).success

const wrappers = new Set(['optional', 'nullable', 'default', 'prefault', 'readonly', 'nonoptional'])

/** What is inside of optional, nullable, default and transformed. */
export function bare(schema: z.ZodType): z.ZodType {
  const { type, innerType, in: before } = defOf(schema)
  if (wrappers.has(type) && innerType) return bare(innerType)
  return type === 'pipe' && before ? bare(before) : schema
}

export function shapeOf(given: z.ZodType): Shape {
  const schema = bare(given)
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
      // The one other union of the contract: a moment as text, or as the Date a YAML reader makes of it.
      return { as: 'scalar', scalar: 'String' }
    default:
      return json
  }
}

const json: Shape = { as: 'scalar', scalar: 'JSON' }

const maxInt = 2 ** 31 - 1

/** GraphQL's Int ends at 2^31: a number that may pass it is a SafeInt. */
function numberScalar(schema: z.ZodType): 'Int' | 'SafeInt' | 'Float' {
  if (schema.safeParse(1.5).success) return 'Float'
  return schema.safeParse(maxInt + 1).success || schema.safeParse(-maxInt - 2).success ? 'SafeInt' : 'Int'
}

function literalScalar([value]: unknown[]) {
  if (typeof value === 'boolean') return 'Boolean'
  return typeof value === 'number' ? 'Int' : 'String'
}

/** Reasons and their like have hyphens, which GraphQL's names may not have: those stay text. */
function enumShape(schema: z.ZodType, values: string[]): Shape {
  const sayable = values.every((value) => /^[A-Za-z_]\w*$/.test(value))
  return sayable ? { as: 'enum', values, schema } : { as: 'scalar', scalar: 'String' }
}

/**
 * GraphQL has no unions of inputs: a field for whatever any of the kinds has, which may be absent unless all have it. The
 * contract itself refuses what does not belong together.
 */
function fieldsOfAny(options: z.ZodType[]): [string, z.ZodType][] {
  const shapes = options.map((option) => defOf(bare(option)).shape ?? {})
  const keys = new Set(shapes.flatMap((shape) => Object.keys(shape)))
  return [...keys].flatMap((key): [string, z.ZodType][] => {
    const held = shapes.flatMap((shape) => shape[key] ?? [])
    const [field] = held
    if (!field) return []
    return [[key, held.length === shapes.length ? field : z.optional(field)]]
  })
}

function objectShape(schema: z.ZodType, fields: [string, z.ZodType][]): Shape {
  return fields.length === 0 ? json : { as: 'object', fields, schema }
}

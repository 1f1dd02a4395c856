import type { z } from 'zod'
import { acceptsNull, shapeOf } from './zod-shape.ts'

/** Removes the nulls that GraphQL clients send for absent fields. A null stays where the contract allows null. */
export function withoutNulls(schema: z.ZodType, value: unknown): unknown {
  const shape = shapeOf(schema)
  if (shape.as === 'list' && Array.isArray(value)) return value.map((item) => withoutNulls(shape.item, item))
  if (shape.as !== 'object' || typeof value !== 'object' || value === null) return value
  const fields = new Map(shape.fields)
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const field = fields.get(key)
    if (!field) return [[key, inner] as const]
    return inner === null && !acceptsNull(field) ? [] : [[key, withoutNulls(field, inner)] as const]
  })
  return Object.fromEntries(entries)
}

import type { z } from 'zod'
import { acceptsNull, shapeOf } from './zod-shape.ts'

/** GraphQL says null for what is left out; the contract leaves it out. A null stays where the contract knows one. */
export function given(schema: z.ZodType, value: unknown): unknown {
  const shape = shapeOf(schema)
  if (shape.as === 'list' && Array.isArray(value)) return value.map((item) => given(shape.item, item))
  if (shape.as !== 'object' || typeof value !== 'object' || value === null) return value
  const fields = new Map(shape.fields)
  const kept = Object.entries(value).flatMap(([key, inner]) => {
    const field = fields.get(key)
    if (!field) return [[key, inner] as const]
    return inner === null && !acceptsNull(field) ? [] : [[key, given(field, inner)] as const]
  })
  return Object.fromEntries(kept)
}

import { z } from 'zod'

/**
 * Every member and every fixed value that a schema knows, as paths of the form of `needs.ts`, sorted:
 * `servers.*.title`, `servers.*.kind=remote`. A member that holds others is not listed itself. Throws for a kind of
 * schema that it does not know.
 */
export function schemaPaths(schema: z.ZodType): string[] {
  return [...new Set(pathsUnder(schema, ''))].sort()
}

function pathsUnder(schema: unknown, path: string): string[] {
  const join = (name: string) => (path === '' ? name : `${path}.${name}`)
  if (schema instanceof z.ZodObject) return Object.entries(schema.shape).flatMap(([name, inner]) => pathsUnder(inner, join(name)))
  if (schema instanceof z.ZodRecord) return pathsUnder(schema.valueType, join('*'))
  if (schema instanceof z.ZodArray) return pathsUnder(schema.element, join('*'))
  if (isWrapper(schema)) return pathsUnder(schema.unwrap(), path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => pathsUnder(option, path))
  if (schema instanceof z.ZodEnum) return schema.options.map((value) => `${path}=${value}`)
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => `${path}=${String(value)}`)
  if (schema instanceof z.ZodType && isPlain(schema)) return [path]
  throw new Error(`schemaPaths does not know the schema at ${path}: teach it`)
}

const isWrapper = (schema: unknown) => schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault

const isPlain = ({ type }: z.ZodType) => ['string', 'number', 'boolean', 'unknown'].includes(type)

/** A member that no version of ours knows. */
export const STRANGER = { strangersMember: { from: ['a later version'], at: null } }

/** The value as a later version may write it: with a member more in every object that the schema describes. */
export function withStrangers<T>(schema: z.ZodType<T>, value: T): T {
  return grow(schema, value) as T
}

function grow(schema: unknown, value: unknown): unknown {
  if (isWrapper(schema)) return grow(schema.unwrap(), value)
  if (schema instanceof z.ZodUnion) {
    const fitting = schema.options.find((option) => option instanceof z.ZodType && option.safeParse(value).success)
    return grow(fitting, value)
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) return value.map((item) => grow(schema.element, item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  if (schema instanceof z.ZodRecord) return Object.fromEntries(entries.map(([key, item]) => [key, grow(schema.valueType, item)]))
  if (!(schema instanceof z.ZodObject)) return value
  return { ...Object.fromEntries(entries.map(([key, item]) => [key, grow(schema.shape[key], item)])), ...STRANGER }
}

import { resolved } from './description.ts'
import type { Description, Schema } from './description.ts'

/** Where a value is not of its type. Members that a schema does not name are not looked at. */
export function valueFaults(description: Description, unresolved: Schema, value: unknown, at: string): string[] {
  const schema = resolved(description, unresolved)
  if (schema.enum && !schema.enum.includes(value)) return [`${at} is none of ${schema.enum.join(', ')}`]
  if (schema.type === 'array') {
    if (!Array.isArray(value)) return [`${at} is no array`]
    return value.flatMap((item) => valueFaults(description, schema.items ?? {}, item, `${at}[]`))
  }
  if (!isOfType(schema, value)) return [`${at} is no ${schema.format ?? schema.type}`]
  const members = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  return members.flatMap(([name, member]) => {
    const known = schema.properties?.[name]
    return known ? valueFaults(description, known, member, `${at}.${name}`) : []
  })
}

function isOfType({ type, format }: Schema, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && (format !== 'date-time' || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value))
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case undefined:
    default:
      return true
  }
}

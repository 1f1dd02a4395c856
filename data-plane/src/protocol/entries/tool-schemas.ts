import { isObject } from '../../json/is-object.ts'
import type { Fields } from '../../json/edit.ts'
import { schemaFault } from './schema-fault.ts'
import { UNUSABLE } from './rules.ts'
import type { Rule, Say } from './rules.ts'

const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')

/**
 * The schema of a tool's arguments, which are always an object: `type` is `object` at its root (MCP 2025-11-25 and
 * 2026-07-28, `Tool`). A schema that says nothing of its type means the same with it; one that says another type
 * allows no call at all.
 */
export const inputSchema: Rule = {
  is: 'a schema of an object',
  mend(value, path, say) {
    if (value === undefined || value === null || value === true) {
      say(`${path} is ${value === undefined ? 'missing' : String(value)}; it is offered as {"type":"object"}`)
      return { type: 'object' }
    }
    if (!isObject(value) || hasEndlessNumber(value)) return UNUSABLE
    const { type } = value
    const allowsObject = Array.isArray(type) && type.includes('object')
    if (type !== undefined && type !== 'object' && !allowsObject) return UNUSABLE
    if (type !== 'object') say(`${path} has no "type": "object" at its root; it is offered with it`)
    return mendedMembers(type === 'object' ? value : { ...value, type: 'object' }, path, say)
  },
}

/**
 * The schema of a tool's output. Clients compile it when they list, and one that does not compile costs them the whole
 * list: so it is left out, and the tool's output is not checked. Undefined where nothing is left.
 */
export function mendedOutputSchema(value: unknown, say: Say): Fields | undefined {
  if (value === undefined || value === null) return undefined
  const mended = isObject(value) ? mendedMembers(value, 'outputSchema', say) : UNUSABLE
  const fault = mended === UNUSABLE ? 'it is no schema of an object' : schemaFault(mended)
  if (mended !== UNUSABLE && fault === undefined) return mended
  say(`outputSchema cannot be used by clients (${fault}), and is left out`)
  return undefined
}

/** What both official clients look at, at the root: `properties`, `required` and `$schema`. */
function mendedMembers(schema: Fields, path: string, say: Say): Fields | typeof UNUSABLE {
  const { properties, required, $schema } = schema
  let mended = schema
  if ($schema !== undefined && typeof $schema !== 'string') mended = dropped(mended, '$schema', path, say)
  if (required !== undefined && !isTextList(required)) mended = dropped(mended, 'required', path, say)
  if (properties === undefined) return mended
  if (properties === null) return dropped(mended, 'properties', path, say)
  // PHP writes an empty object as an empty list.
  if (Array.isArray(properties) && properties.length === 0) return { ...mended, properties: {} }
  if (!isObject(properties)) return UNUSABLE
  const asObjects = Object.entries(properties).map(([name, schema]) => [name, asObject(schema)] as const)
  if (asObjects.some(([, schema]) => schema === UNUSABLE)) return UNUSABLE
  const isSame = asObjects.every(([name, schema]) => schema === properties[name])
  return isSame ? mended : { ...mended, properties: Object.fromEntries(asObjects) }
}

function dropped(schema: Fields, key: string, path: string, say: Say): Fields {
  const { [key]: value, ...rest } = schema
  if (value !== null) say(`${path}.${key} is not what JSON Schema has there, and is left out`)
  return rest
}

/** The same schema as an object (JSON Schema 2020-12, core 4.3.2), because some clients know no other form. */
function asObject(schema: unknown): unknown {
  if (schema === true || schema === null) return {}
  if (schema === false) return { not: {} }
  return typeof schema === 'object' ? schema : UNUSABLE
}

const maxDepth = 256

/** A number such as `1e400`, which JSON can write and clients cannot read; or more levels than anybody reads. */
function hasEndlessNumber(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return false
  if (depth > maxDepth) return true
  for (const inner of Object.values(value)) if (hasEndlessNumber(inner, depth + 1)) return true
  return false
}

/** Whether clients of revisions before 2026-07-28 accept this schema of an output: there it is that of an object. */
export function isLegacyOutput(schema: unknown): boolean {
  return schema === undefined || (isObject(schema) && schema['type'] === 'object' && isLegacyMembers(schema))
}

const isLegacyMembers = ({ properties, required }: Fields): boolean =>
  (properties === undefined || (isObject(properties) && Object.values(properties).every((inner) => typeof inner === 'object'))) &&
  (required === undefined || isTextList(required))

import { isObject } from '../../../json/is-object.ts'

/**
 * Warns of fields that a spec draws and its rows do not have: the chart would be empty without any explanation. There
 * is no warning when the spec has transforms, because they may make such fields.
 */
export function missingFieldWarnings(spec: Record<string, unknown>): string[] {
  const rows = isObject(spec['data']) ? spec['data']['values'] : undefined
  const [firstRow] = Array.isArray(rows) ? (rows as unknown[]) : []
  if (!isObject(firstRow)) return []

  const columns = new Set((rows as unknown[]).slice(0, 1_000).flatMap((row) => (isObject(row) ? Object.keys(row) : [])))
  const fields = fieldsOf(Object.entries(spec).filter(([key]) => key !== 'data'))
  const missingFields = [...(fields ?? [])].filter((field) => !columns.has(field) && !/[.[\\]/.test(field))
  return missingFields.slice(0, 3).map((field) => `The rows have no field "${field}"; they have: ${[...columns].slice(0, 20).join(', ')}.`)
}

/** Warns of values of the drawn fields that differ and yet become one in the drawing. */
export function mergedValueWarnings(spec: Record<string, unknown>): string[] {
  const rows = isObject(spec['data']) ? spec['data']['values'] : undefined
  if (!Array.isArray(rows)) return []
  const warnings = [...namedFieldsOf(spec)].flatMap((field) => mergedValuesOf(field, rows as unknown[]) ?? [])
  return warnings.slice(0, 3)
}

function mergedValuesOf(field: string, rows: unknown[]): string | undefined {
  const valueOfText = new Map<string, unknown>()
  for (const row of rows) {
    if (!isObject(row) || !Object.hasOwn(row, field)) continue
    const value = row[field]
    if (typeof value === 'object' && value !== null) continue
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return `The field "${field}" holds whole numbers above 2^53, which JSON numbers cannot tell apart. Send them as text.`
    }
    const other = valueOfText.get(String(value))
    if (other !== undefined && other !== value)
      return `The field "${field}" holds the text "${String(value)}" and the value ${String(value)}, which may be drawn as one.`
    valueOfText.set(String(value), value)
  }
  return undefined
}

/** The fields whose values are names: all that are not drawn as amounts or times. */
function namedFieldsOf(spec: Record<string, unknown>): Set<string> {
  const fields = new Set<string>()
  const pending: unknown[] = Object.entries(spec).flatMap(([key, value]) => (key === 'data' ? [] : [value]))
  while (pending.length > 0) {
    const part = pending.pop()
    if (typeof part !== 'object' || part === null) continue
    const { field, type, aggregate, bin, timeUnit } = part as Record<string, unknown>
    const isName = type !== 'quantitative' && type !== 'temporal' && !aggregate && !bin && !timeUnit
    if (typeof field === 'string' && isName) fields.add(field)
    pending.push(...Object.entries(part).flatMap(([key, value]) => (key === 'data' ? [] : [value as unknown])))
  }
  return fields
}

/** Undefined when fields may come from something other than the rows. */
function fieldsOf(entries: [string, unknown][]): Set<string> | undefined {
  const fields = new Set<string>()
  const pending = [...entries]
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    const [key, value] = entry
    if (key === 'transform' || key === 'data' || key === 'repeat') return undefined
    if (key === 'field' && typeof value === 'string') fields.add(value)
    if (typeof value === 'object' && value !== null) pending.push(...Object.entries(value))
  }
  return fields
}

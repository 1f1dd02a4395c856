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

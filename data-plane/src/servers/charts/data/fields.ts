/**
 * Fields a spec draws that its rows do not have: the chart would be empty and nobody would say why. Says nothing where a
 * transform may make them.
 */
export function strayFields(spec: Record<string, unknown>): string[] {
  const rows = isObject(spec['data']) ? spec['data']['values'] : undefined
  const [first] = Array.isArray(rows) ? (rows as unknown[]) : []
  if (!isObject(first)) return []

  const columns = new Set((rows as unknown[]).slice(0, 1_000).flatMap((row) => (isObject(row) ? Object.keys(row) : [])))
  const fields = fieldsOf(Object.entries(spec).filter(([key]) => key !== 'data'))
  const stray = [...(fields ?? [])].filter((field) => !columns.has(field) && !/[.[\\]/.test(field))
  return stray.slice(0, 3).map((field) => `The rows have no field "${field}"; they have: ${[...columns].slice(0, 20).join(', ')}.`)
}

/** Undefined where fields may come from elsewhere than the rows. */
function fieldsOf(entries: [string, unknown][]): Set<string> | undefined {
  const fields = new Set<string>()
  const open = [...entries]
  for (let entry = open.pop(); entry; entry = open.pop()) {
    const [key, value] = entry
    if (key === 'transform' || key === 'data' || key === 'repeat') return undefined
    if (key === 'field' && typeof value === 'string') fields.add(value)
    if (typeof value === 'object' && value !== null) open.push(...Object.entries(value))
  }
  return fields
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

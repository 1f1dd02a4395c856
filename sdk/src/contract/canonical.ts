/** JSON with sorted keys and no blanks: the same value gives the same bytes, so its hash can name it. Absent and undefined are one. */
export function canonical(value: unknown): string {
  if (value === undefined) throw new TypeError('undefined has no canonical form')
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]))
}

/** Does it nest no deeper than this? Asked of what strangers send, before it is taken apart by recursion. */
export function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => nestsWithin(inner, levels - 1))
}

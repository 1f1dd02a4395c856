/**
 * JSON with sorted keys and no spaces. Equal values give the same text, so that its hash can name the value. A key
 * with the value undefined is left out. Throws `TypeError` when the value itself is undefined. It differs from RFC
 * 8785 in one point: keys that are array indexes, such as `10`, come first and in numeric order.
 */
export function canonical(value: unknown): string {
  if (value === undefined) throw new TypeError('undefined has no canonical form')
  return JSON.stringify(sortKeys(value))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]))
}

/** Does a value nest at most this many levels? Check this for foreign input before code that recurses over it. */
export function nestsWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => nestsWithin(inner, levels - 1))
}

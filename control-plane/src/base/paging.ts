import { ApiError } from './api-error.ts'

/** Where a page begins: after this key. Opaque to callers, so that what it holds may change. */
export const cursorOf = (key: string): string => Buffer.from(key).toString('base64url')

/** The key a cursor holds; undefined at the start. */
export function keyOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const key = Buffer.from(cursor, 'base64url').toString()
  if (key === '' || cursorOf(key) !== cursor) throw new ApiError('invalid_input', 'after: this is no cursor of ours')
  return key
}

/** One page out of one row more than was asked for. */
export function pageOf<T, Item>(rows: T[], first: number, key: (row: T) => string, item: (row: T) => Item) {
  const shown = rows.slice(0, first)
  const last = shown.at(-1)
  const next = rows.length > first && last !== undefined ? cursorOf(key(last)) : null
  return { items: shown.map(item), next }
}

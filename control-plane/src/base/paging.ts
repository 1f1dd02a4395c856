import { Id } from '@bir/sdk/contract/names'
import { ApiError } from './api-error.ts'

/** A cursor: the next page begins after this key. Callers must not read it, so its content may change. */
export const cursorOf = (key: string): string => Buffer.from(key).toString('base64url')

/** The key in a cursor. Without a cursor it is undefined: the list begins at its start. */
export function keyOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const key = Buffer.from(cursor, 'base64url').toString()
  if (key === '' || key.includes('\0') || cursorOf(key) !== cursor) throw notOurs()
  return key
}

/** The same for a list in the order of ids. */
export function idKeyOf(cursor: string | undefined): string | undefined {
  const key = keyOf(cursor)
  if (key !== undefined && !Id.safeParse(key).success) throw notOurs()
  return key
}

export const notOurs = () => new ApiError('invalid_input', 'after: this is no cursor of ours')

/** Makes a page of `first` items. Pass one row more than that, if there is one: it shows that a next page exists. */
export function pageOf<T, Item>(rows: T[], first: number, key: (row: T) => string, item: (row: T) => Item) {
  const pageRows = rows.slice(0, first)
  const last = pageRows.at(-1)
  const next = rows.length > first && last !== undefined ? cursorOf(key(last)) : null
  return { items: pageRows.map(item), next }
}

import { ToolError } from '@bir/sdk/contract/errors'

/** Where an item stands in its list, such as schema and name of a table. */
export type Place = readonly (string | number)[]

interface Item {
  place: Place
  /** The characters that it takes in an answer. */
  chars: number
}

/** The order of lists and of their cursors: the first part that differs decides. */
export function comparePlaces(a: Place, b: Place): number {
  const at = a.findIndex((part, index) => part !== b[index])
  if (at === -1) return 0
  return (a[at] ?? '') < (b[at] ?? '') ? -1 : 1
}

/**
 * One page of a list that is sorted by `comparePlaces`: at most `limit` items and `maxChars` characters, but at least
 * one item. The cursor is the place of the last item of the previous page. So no item is repeated or skipped when
 * another is added or dropped between two pages.
 */
export function readPage<T extends Item>(sortedItems: readonly T[], limit: number, cursor: string | undefined, maxChars: number) {
  const lastPlace = cursor === undefined ? undefined : decodeCursor(cursor)
  const remainingItems = lastPlace === undefined ? sortedItems : sortedItems.filter(({ place }) => comparePlaces(place, lastPlace) > 0)
  const items = remainingItems.slice(0, Math.min(limit, countFitting(remainingItems, maxChars)))
  const lastItem = items.at(-1)
  const hasMore = remainingItems.length > items.length && lastItem !== undefined
  return { items, nextCursor: hasMore ? encodeCursor(lastItem.place) : null }
}

function countFitting(items: readonly Item[], maxChars: number): number {
  let chars = 0
  const first = items.findIndex((item) => (chars += item.chars) > maxChars)
  return first === -1 ? items.length : Math.max(1, first)
}

const encodeCursor = (place: Place) => Buffer.from(JSON.stringify(place)).toString('base64url')

function decodeCursor(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(place) && place.every(isPart) && encodeCursor(place) === cursor) return place
  } catch {
    // Not ours either.
  }
  throw new ToolError('invalid_input', 'cursor: not one of ours.', { hint: 'Pass next_cursor of the last reply, or leave it out.' })
}

const isPart = (part: unknown): part is string | number => typeof part === 'string' || typeof part === 'number'

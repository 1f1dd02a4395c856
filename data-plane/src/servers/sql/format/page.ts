import { ToolError } from '@bir/sdk/contract/errors'

/**
 * One page of a list sorted by name. The cursor is the last name of the previous page. So no table is repeated or
 * skipped when another is added or dropped between two pages.
 */
export function readPage<T extends { name: string }>(sortedItems: readonly T[], limit: number, cursor: string | undefined) {
  const lastName = cursor === undefined ? undefined : decodeCursor(cursor)
  const remainingItems = lastName === undefined ? sortedItems : sortedItems.filter(({ name }) => name > lastName)
  const items = remainingItems.slice(0, limit)
  const lastItem = items.at(-1)
  const hasMore = remainingItems.length > items.length && lastItem !== undefined
  return {
    items,
    count: items.length,
    total: sortedItems.length,
    next_cursor: hasMore ? Buffer.from(lastItem.name).toString('base64url') : null,
    truncated: hasMore,
  }
}

function decodeCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (Buffer.from(name).toString('base64url') === cursor) return name
  throw new ToolError('invalid_input', 'cursor: not one of ours.', { hint: 'Pass next_cursor of the last reply, or leave it out.' })
}

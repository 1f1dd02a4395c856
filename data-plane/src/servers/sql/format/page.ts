import { ToolError } from '@bir/sdk/contract/errors'

/** A page of a list sorted by name. The cursor is the last name seen, so tables that come and go neither repeat nor hide others. */
export function readPage<T extends { name: string }>(all: readonly T[], limit: number, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : decoded(cursor)
  const rest = after === undefined ? all : all.filter(({ name }) => name > after)
  const items = rest.slice(0, limit)
  const last = items.at(-1)
  const more = rest.length > items.length && last !== undefined
  return {
    items,
    count: items.length,
    total: all.length,
    next_cursor: more ? Buffer.from(last.name).toString('base64url') : null,
    truncated: more,
  }
}

function decoded(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (Buffer.from(name).toString('base64url') === cursor) return name
  throw new ToolError('invalid_input', 'cursor: not one of ours.', { hint: 'Pass next_cursor of the last reply, or leave it out.' })
}

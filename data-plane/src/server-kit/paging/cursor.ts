import { createHash } from 'node:crypto'
import { ToolError } from '@bir/sdk/contract/errors'
import type { z } from 'zod'

/** What a cursor belongs to: the tool, and the arguments that choose what it lists. */
export interface ListQuery {
  readonly tool: string
  /** With `limit` and `cursor`, which do not count. */
  readonly args: object
}

/**
 * A place in a walk, as an opaque text. It holds no secret and gives no right: whoever shows it sees what their own
 * token may see.
 */
export const writeCursor = (query: ListQuery, place: object): string =>
  Buffer.from(JSON.stringify([digestOf(query), place])).toString('base64url')

/**
 * The place that `writeCursor` wrote. Throws ToolError `invalid_input` for another query's cursor and for other texts.
 */
export function readCursor<Place extends z.ZodType>(query: ListQuery, type: Place, cursor: string): z.output<Place> {
  const written = parsed(cursor)
  if (!Array.isArray(written)) throw refused('is none that this gateway wrote')
  const [digest, place] = written as unknown[]
  if (digest !== digestOf(query)) throw refused('belongs to a call with other arguments')
  const result = type.safeParse(place)
  if (!result.success) throw refused('is none that this gateway wrote')
  return result.data
}

function digestOf({ tool, args }: ListQuery): string {
  const chosen = Object.entries(args)
    .filter(([name, value]) => name !== 'limit' && name !== 'cursor' && value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([tool, chosen]))
    .digest('base64url')
    .slice(0, 12)
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

const refused = (fault: string) =>
  new ToolError('invalid_input', `cursor ${fault}.`, {
    hint: 'Give next_cursor of the last reply with the same arguments, or leave cursor out to begin at the first page.',
  })

import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { textArg } from '../input/text-arg.ts'

/** The arguments that every list takes. */
export const listInput = {
  limit: z.number().int().min(1).max(100).default(20),
  cursor: textArg(4_000, 'next_cursor of the last reply').optional(),
}

/** What every list answers. */
export const listOutput = <Item extends z.ZodType>(item: Item) =>
  inBrief(
    z.object({
      items: inBrief(z.array(item)),
      count: z.number(),
      next_cursor: z.string().nullable(),
      total: z.number().optional(),
      truncated: z.boolean(),
    }),
    ['items', 'next_cursor'],
  )

export interface ListPage<Item> {
  readonly items: Item[]
  /** Null only where GitLab said that there is no more. */
  readonly nextCursor: string | null
  readonly total?: number | undefined
}

export const listReply = <Item>({ items, nextCursor, total }: ListPage<Item>) => ({
  items,
  count: items.length,
  next_cursor: nextCursor,
  ...(total !== undefined && { total }),
  truncated: nextCursor !== null,
})

interface ListReply<Item> {
  items: Item[]
  next_cursor: string | null
  total?: number | undefined
}

/** The items, a line each, and how to go on. */
export const listText = <Item>({ items, next_cursor, total }: ListReply<Item>, line: (item: Item) => string, noun: string): string =>
  [
    ...items.map(line),
    next_cursor === null
      ? `${items.length === 0 ? 'No' : (total ?? items.length)} ${noun}.`
      : `${items.length}${total === undefined ? '' : ` of ${total}`} ${noun}; more with cursor ${next_cursor}`,
  ].join('\n')

import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { counted } from '../../../server-kit/text/counted.ts'
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

/** The items, a line each, and how to go on. `many` is the noun of none and of several. */
export function listText<Item>(
  { items, next_cursor, total }: ListReply<Item>,
  line: (item: Item) => string,
  { one, many = `${one}s` }: { one: string; many?: string },
): string {
  const count = counted(total ?? items.length, one, many)
  const of = total === undefined ? '' : `${items.length} of `
  const end = next_cursor === null ? `${items.length === 0 ? `No ${many}` : count}.` : `${of}${count}; more with cursor ${next_cursor}`
  return [...items.map(line), end].join('\n')
}

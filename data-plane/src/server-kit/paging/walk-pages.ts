import { z } from 'zod'
import { markOf, Marks, readMarks, writeMarks } from './marks.ts'
import type { ItemId } from './marks.ts'
import { MAX_READS } from './page.ts'
import type { ServicePage, WalkedPage } from './page.ts'

/** A list that can only be read by the number of a page. */
export interface NumberedSource<Item> {
  read(asked: { page: number; perPage: number }): Promise<ServicePage<Item>>
  id(item: Item): ItemId
}

const maxSeen = 300
/** Also of small pages so many: what others add before them moves what was given to the pages that follow. */
const minSeen = 60

/** The page to read next, and what was given of it and of the two pages before it, or more. */
export const NumberedPlace = z.object({ page: z.int().min(1), perPage: z.int().min(1).max(100), seen: Marks(maxSeen) })
export type NumberedPlace = z.infer<typeof NumberedPlace>

/**
 * The next page of a walk that overlaps by a page: the page before is read again, after the new one, for what moved
 * there when something was removed; what was given is dropped. Where new items stand at the end, every item is given
 * once.
 */
export async function walkPages<Item>(
  source: NumberedSource<Item>,
  place: NumberedPlace | undefined,
  limit: number,
): Promise<WalkedPage<Item, NumberedPlace>> {
  const { page, perPage, seen } = place ?? { page: 1, perPage: limit, seen: '' }
  const given = new Set(readMarks(seen))
  const mark = (item: Item) => markOf(source.id(item))
  const found = await source.read({ page, perPage })
  const earlier = await earlierItems(source, { page, perPage, isGiven: (item) => given.has(mark(item)) })
  // What moved between the two requests is in both.
  const read = new Map([...earlier, ...found.items].map((item) => [mark(item), item]))
  const unseen = [...read].filter(([key]) => !given.has(key)).map(([, item]) => item)
  const items = unseen.slice(0, limit)
  const isWhole = items.length === unseen.length
  const total = place ? undefined : found.total
  if (isWhole && !found.hasNext) return { items, next: undefined, total }
  const nowSeen = writeMarks([...given, ...items.map(mark)], Math.min(maxSeen, Math.max(minSeen, 3 * perPage)))
  return { items, total, next: { page: isWhole ? page + 1 : page, perPage, seen: nowSeen } }
}

/**
 * The page before, and those before it while they hold nothing that was given: so far everything has moved. A cursor
 * that names a page which nobody came to leads no further back than others.
 */
async function earlierItems<Item>(
  source: NumberedSource<Item>,
  { page, perPage, isGiven }: { page: number; perPage: number; isGiven(item: Item): boolean },
): Promise<Item[]> {
  const items: Item[] = []
  for (let number = page - 1; number >= Math.max(1, page - MAX_READS); number--) {
    const { items: moved } = await source.read({ page: number, perPage })
    items.unshift(...moved)
    if (moved.some(isGiven)) break
  }
  return items
}

import { z } from 'zod'
import { ItemId } from './page.ts'
import type { ServicePage, WalkedPage } from './page.ts'

/** A list that can only be read by the number of a page. */
export interface NumberedSource<Item> {
  read(asked: { page: number; perPage: number }): Promise<ServicePage<Item>>
  id(item: Item): ItemId
}

/** The page to read next, and what was given of it and of the two pages before it. */
export const NumberedPlace = z.object({ page: z.int().min(1), perPage: z.int().min(1).max(100), seen: z.array(ItemId).max(300) })
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
  const { page, perPage, seen } = place ?? { page: 1, perPage: limit, seen: [] }
  const given = new Set(seen)
  const found = await source.read({ page, perPage })
  const earlier = await earlierItems(source, { page, perPage, seen: given })
  // What moved between the two requests is in both.
  const read = new Map([...earlier, ...found.items].map((item) => [source.id(item), item]))
  const unseen = [...read].filter(([id]) => !given.has(id)).map(([, item]) => item)
  const items = unseen.slice(0, limit)
  const isWhole = items.length === unseen.length
  const total = place ? undefined : found.total
  if (isWhole && !found.hasNext) return { items, next: undefined, total }
  const nowSeen = [...seen, ...items.map((item) => source.id(item))].slice(-Math.min(300, 3 * perPage))
  return { items, total, next: { page: isWhole ? page + 1 : page, perPage, seen: nowSeen } }
}

/** The page before, and those before it while they hold nothing that was given: so far everything has moved. */
async function earlierItems<Item>(
  source: NumberedSource<Item>,
  { page, perPage, seen }: { page: number; perPage: number; seen: ReadonlySet<ItemId> },
): Promise<Item[]> {
  const items: Item[] = []
  for (let number = page - 1; number >= 1; number--) {
    const { items: moved } = await source.read({ page: number, perPage })
    items.unshift(...moved)
    if (moved.some((item) => seen.has(source.id(item)))) break
  }
  return items
}

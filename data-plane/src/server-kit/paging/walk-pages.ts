import { z } from 'zod'
import { markOf, Marks, readMarks, writeMarks } from './marks.ts'
import type { ItemId } from './marks.ts'
import { MAX_READS } from './page.ts'
import type { ServicePage, WalkedPage } from './page.ts'

/** A list that can only be read by the number of a page. */
export interface NumberedSource<Item> {
  read(asked: { page: number; perPage: number }): Promise<ServicePage<Item>>
  id(item: Item): ItemId
  /** The most items of a request; without it, as many as are wanted. */
  readonly perPage?: number
  /** How many of these there is room for, the first ones: at least one. Without it, there is room for all. */
  fits?(items: readonly Item[]): number
}

const maxSeen = 300
/** Also of small pages so many: what others add before them moves what was given to the pages that follow. */
const minSeen = 60

/** After how many items of the list a walk goes on, how many were given so far, and the last of these. */
export const NumberedPlace = z.object({ at: z.int().min(0), count: z.int().min(0), seen: Marks(maxSeen) })
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
  const { at, count, seen } = place ?? { at: 0, count: 0, seen: '' }
  const marks = readMarks(seen)
  const given = new Set(marks)
  const mark = (item: Item) => markOf(source.id(item))
  const perPage = sizeOf(Math.min(limit, source.perPage ?? limit), count, marks.length)
  const page = Math.floor(at / perPage) + 1
  const found = await source.read({ page, perPage })
  const earlier = await earlierItems(source, { page, perPage, isGiven: (item) => given.has(mark(item)) })
  // What moved between the two requests is in both.
  const read = new Map([...earlier, ...found.items].map((item) => [mark(item), item]))
  const unseen = [...read].filter(([key]) => !given.has(key)).map(([, item]) => item)
  const wanted = unseen.slice(0, limit)
  const items = wanted.slice(0, source.fits?.(wanted))
  const isWhole = items.length === unseen.length
  const total = place ? undefined : found.total
  if (isWhole && !found.hasNext) return { items, next: undefined, total }
  const last = items.at(-1)
  const taken = isWhole ? perPage : last === undefined ? 0 : found.items.findIndex((item) => mark(item) === mark(last)) + 1
  const nowSeen = writeMarks([...given, ...items.map(mark)], Math.min(maxSeen, Math.max(minSeen, 3 * limit)))
  return { items, total, next: { at: (page - 1) * perPage + taken, count: count + items.length, seen: nowSeen } }
}

/**
 * The size of a request. It begins at or before the place, and the request before it a size before that: what was given
 * of both must be known, and a little more.
 */
const sizeOf = (size: number, count: number, known: number): number =>
  known === count ? size : Math.min(size, Math.max(1, Math.floor(known / 3)))

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

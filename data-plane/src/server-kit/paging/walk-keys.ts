import { z } from 'zod'
import { markOf, Marks, readMarks, writeMarks } from './marks.ts'
import type { ItemId } from './marks.ts'
import { MAX_READS } from './page.ts'
import type { ServicePage, WalkedPage } from './page.ts'

/** What a service wants in the request for the next page, such as `{ page_token: … }`. */
export type PageKey = Readonly<Record<string, string>>

/** A list that the service itself pages by a key (keyset paging): its order does not change under a walk. */
export interface KeySource<Item> {
  /** `nextKey`: where the next page begins. Undefined: there is none. */
  read(asked: { key: PageKey; perPage: number }): Promise<{ items: readonly Item[]; nextKey: PageKey | undefined }>
  /** The first page alone, in another order, such as the most recently active first. */
  first?(perPage: number): Promise<ServicePage<Item>>
  id(item: Item): ItemId
}

const maxShown = 100

export interface KeyPlace {
  readonly key: PageKey
  readonly shown: string
}

/**
 * The place of a walk whose keys have these members, and no other: who writes a cursor of their own must not add a
 * parameter to the request.
 */
export function keyPlace(members: readonly string[]): z.ZodType<KeyPlace> {
  const member = z.string().refine((name) => members.includes(name))
  return z.object({ key: z.record(member, z.string().max(1_000)), shown: Marks(maxShown) })
}

/**
 * The next page of a walk that gives every item once. What the first page showed in its own order is left out later.
 */
export async function walkKeys<Item>(
  source: KeySource<Item>,
  place: KeyPlace | undefined,
  limit: number,
): Promise<WalkedPage<Item, KeyPlace>> {
  const mark = (item: Item) => markOf(source.id(item))
  if (!place && source.first) {
    const { items, hasNext, total } = await source.first(limit)
    return { items: [...items], total, next: hasNext ? { key: {}, shown: writeMarks(items.map(mark), maxShown) } : undefined }
  }
  const shown = place?.shown ?? ''
  const wasShown = new Set(readMarks(shown))
  const items: Item[] = []
  let key = place?.key ?? {}
  for (let reads = 0; items.length < limit && reads < MAX_READS; reads++) {
    const found = await source.read({ key, perPage: limit - items.length })
    items.push(...found.items.filter((item) => !wasShown.has(mark(item))))
    if (!found.nextKey) return { items, next: undefined }
    key = found.nextKey
  }
  return { items, next: { key, shown } }
}

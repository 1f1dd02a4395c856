import { z } from 'zod'
import { markOf, Marks, readMarks, writeMarks } from './marks.ts'
import type { ItemId } from './marks.ts'
import { MAX_READS } from './page.ts'
import type { ServicePage, WalkedPage } from './page.ts'

/** A list that is read as windows over the time at which its items were made. */
export interface WindowSource<Item> {
  /** A page of the items made at or before `before` (ISO 8601), the newest first. */
  read(asked: { before: string | undefined; page: number; perPage: number }): Promise<ServicePage<Item>>
  /** The first page alone, in another order, such as the most recently active first. */
  first?(perPage: number): Promise<ServicePage<Item>>
  id(item: Item): ItemId
  /** ISO 8601, to the millisecond. */
  createdAt(item: Item): string
}

const maxTied = 280
const maxShown = 100
/** No later moment can be written (ECMA-262, time values), with a millisecond to add. */
const maxAtMs = 8.64e15 - 1

/** Where a walk is: after the items made later than `atMs`, and after those of that millisecond that `tied` names. */
export const WindowPlace = z.object({
  atMs: z.int().min(-maxAtMs).max(maxAtMs).optional(),
  tied: Marks(maxTied),
  /** What the first page showed in its other order. */
  shown: Marks(maxShown),
})
export type WindowPlace = z.infer<typeof WindowPlace>

const beginning: WindowPlace = { tied: '', shown: '' }

/**
 * The next page of a walk that gives every item once, while others are added and removed: the time at which an item was
 * made never changes, a window ends at the last item that was given, and what was given within its last millisecond is
 * dropped.
 */
export async function walkWindow<Item>(
  source: WindowSource<Item>,
  place: WindowPlace | undefined,
  limit: number,
): Promise<WalkedPage<Item, WindowPlace>> {
  if (!place && source.first) {
    const { items, hasNext, total } = await source.first(limit)
    return {
      items: [...items],
      total,
      next: hasNext
        ? {
            tied: '',
            shown: writeMarks(
              items.map((item) => markOf(source.id(item))),
              maxShown,
            ),
          }
        : undefined,
    }
  }
  const walk = new WindowWalk(source, place ?? beginning, limit)
  await walk.run()
  return { items: walk.items, next: walk.next, ...(!place && { total: walk.total }) }
}

class WindowWalk<Item> {
  readonly items: Item[] = []
  total: number | undefined
  next: WindowPlace | undefined
  private readonly source: WindowSource<Item>
  private readonly limit: number
  private readonly perPage: number
  private readonly shown: ReadonlySet<string>
  private atMs: number
  private tied: Set<string>

  constructor(source: WindowSource<Item>, { atMs, tied, shown }: WindowPlace, limit: number) {
    this.source = source
    this.limit = limit
    this.atMs = atMs ?? Infinity
    this.tied = new Set(readMarks(tied))
    this.shown = new Set(readMarks(shown))
    this.perPage = Math.min(100, limit + this.tied.size + this.shown.size)
  }

  async run(): Promise<void> {
    // In a window whose first pages were all made in one millisecond, go on a page before the first that is new.
    let page = Math.max(1, Math.floor(this.tied.size / this.perPage))
    for (let reads = 0; ; reads++) {
      const windowMs = this.atMs
      const { items, hasNext } = await this.read(page)
      const rest = items.slice(this.take(items))
      if (rest.some((item) => this.isNew(item)) || (hasNext && (this.isFull || reads === MAX_READS))) {
        this.next = this.place
        return
      }
      if (!hasNext) return
      page = this.atMs < windowMs ? 1 : page + 1
    }
  }

  private get isFull(): boolean {
    return this.items.length >= this.limit
  }

  private get place(): WindowPlace {
    return {
      ...(Number.isFinite(this.atMs) && { atMs: this.atMs }),
      tied: writeMarks(this.tied, maxTied),
      shown: writeMarks(this.shown, maxShown),
    }
  }

  /** A page with the one before it, read after it: what moved there when something before it was removed. */
  private async read(page: number): Promise<ServicePage<Item>> {
    // A millisecond later, since the service may know the time to the microsecond.
    const before = Number.isFinite(this.atMs) ? new Date(this.atMs + 1).toISOString() : undefined
    const asked = { before, page, perPage: this.perPage }
    const found = await this.source.read(asked)
    this.total ??= found.total
    if (page === 1) return found
    const earlier = await this.source.read({ ...asked, page: page - 1 })
    return { ...found, items: [...earlier.items, ...found.items] }
  }

  /** Takes items until there are enough. Returns how many it looked at. */
  private take(items: readonly Item[]): number {
    for (const [index, item] of items.entries()) {
      if (this.isFull) return index
      const isNew = this.isNew(item)
      this.pass(item)
      if (isNew && !this.shown.has(this.markOf(item))) this.items.push(item)
    }
    return items.length
  }

  private markOf(item: Item): string {
    return markOf(this.source.id(item))
  }

  private isNew(item: Item): boolean {
    const madeMs = Date.parse(this.source.createdAt(item))
    return madeMs < this.atMs || (madeMs === this.atMs && !this.tied.has(this.markOf(item)))
  }

  private pass(item: Item): void {
    const madeMs = Date.parse(this.source.createdAt(item))
    if (madeMs > this.atMs) return
    if (madeMs < this.atMs) this.tied = new Set()
    this.atMs = madeMs
    this.tied.add(this.markOf(item))
  }
}

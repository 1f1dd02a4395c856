import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import type { HttpAnswer } from '../../../server-kit/http/answer.ts'
import type { Path, Query } from '../../../server-kit/http/path.ts'
import { readCursor, writeCursor } from '../../../server-kit/paging/cursor.ts'
import type { ListQuery } from '../../../server-kit/paging/cursor.ts'
import type { ItemId } from '../../../server-kit/paging/marks.ts'
import type { WalkedPage } from '../../../server-kit/paging/page.ts'
import { keyPlace, walkKeys } from '../../../server-kit/paging/walk-keys.ts'
import { NumberedPlace, walkPages } from '../../../server-kit/paging/walk-pages.ts'
import { walkWindow, WindowPlace } from '../../../server-kit/paging/walk-window.ts'

/** A list of GitLab, and where a walk over it is. */
export interface Listed<Item extends z.ZodType> {
  readonly api: HttpApi
  readonly path: Path
  readonly item: Item
  readonly query?: Query
  readonly asked: ListQuery & { readonly args: { readonly limit: number; readonly cursor?: string | undefined } }
  id(item: z.output<Item>): ItemId
}

/** A page for a reply, with the cursor of the next one. */
export interface CursorPage<Item> {
  readonly items: Item[]
  readonly nextCursor: string | null
  readonly total: number | undefined
}

const hasNext = (headers: HttpAnswer['headers']) => (headers['x-next-page'] ?? '') !== '' || /rel="?next/.test(headers['link'] ?? '')

const totalIn = (headers: HttpAnswer['headers']) => (/^\d+$/.test(headers['x-total'] ?? '') ? Number(headers['x-total']) : undefined)

async function readPage<Item extends z.ZodType>({ api, path, item, query }: Listed<Item>, also: Query) {
  const { data, headers } = await api.page(path, z.array(item), { ...query, ...also })
  return { items: data, hasNext: hasNext(headers), total: totalIn(headers), headers }
}

const toPage = <Item, Place extends object>(asked: ListQuery, { items, next, total }: WalkedPage<Item, Place>): CursorPage<Item> => ({
  items,
  nextCursor: next === undefined ? null : writeCursor(asked, next),
  total,
})

const placeIn = <Place extends z.ZodType>({ asked }: Pick<Listed<z.ZodType>, 'asked'>, type: Place) =>
  asked.args.cursor === undefined ? undefined : readCursor(asked, type, asked.args.cursor)

/**
 * A list that GitLab pages by number alone, in an order in which new items come last or hardly ever. `perPage`: the
 * most items of a request. `fits`: how many of these a reply has room for.
 */
export async function numberedPage<Item extends z.ZodType>(
  list: Listed<Item> & { readonly perPage?: number; fits?(items: readonly z.output<Item>[]): number },
): Promise<CursorPage<z.output<Item>>> {
  const { perPage, fits } = list
  const source = {
    ...(perPage !== undefined && { perPage }),
    ...(fits && { fits }),
    id: (item: z.output<Item>) => list.id(item),
    read: ({ page, perPage }: { page: number; perPage: number }) => readPage(list, { page, per_page: perPage }),
  }
  return toPage(list.asked, await walkPages(source, placeIn(list, NumberedPlace), list.asked.args.limit))
}

/** Members of the address of the next page that are the walk's place. */
const keyMembers = ['page_token', 'id_before', 'id_after', 'cursor']
const KeyPlace = keyPlace(keyMembers)

function nextKeyIn(headers: HttpAnswer['headers']): Record<string, string> | undefined {
  const next = /<([^<>]+)>;\s*rel="?next"?/.exec(headers['link'] ?? '')?.[1]
  const query = next === undefined ? undefined : URL.parse(next, 'http://gitlab.invalid')?.searchParams
  const members = keyMembers.flatMap((name) => (query?.has(name) ? [[name, query.get(name) ?? '']] : []))
  return members.length === 0 ? undefined : (Object.fromEntries(members) as Record<string, string>)
}

/** A list with keyset paging. `first` orders the first page alone, and is then walked past by key. */
export async function keysetPage<Item extends z.ZodType>(
  list: Listed<Item> & { readonly first?: Query },
): Promise<CursorPage<z.output<Item>>> {
  const { first } = list
  const source = {
    id: (item: z.output<Item>) => list.id(item),
    async read({ key, perPage }: { key: Record<string, string>; perPage: number }) {
      const { items, headers } = await readPage(list, { pagination: 'keyset', per_page: perPage, ...key })
      return { items, nextKey: nextKeyIn(headers) }
    },
    ...(first && {
      first: (perPage: number) => readPage(list, { order_by: undefined, sort: undefined, ...first, page: 1, per_page: perPage }),
    }),
  }
  return toPage(list.asked, await walkKeys(source, placeIn(list, KeyPlace), list.asked.args.limit))
}

/**
 * A list that is walked by the time at which its items were made. The first page alone has the most recently active
 * first.
 */
export async function windowPage<Item extends z.ZodType>(
  list: Listed<Item> & { createdAt(item: z.output<Item>): string },
): Promise<CursorPage<z.output<Item>>> {
  const source = {
    id: (item: z.output<Item>) => list.id(item),
    createdAt: (item: z.output<Item>) => list.createdAt(item),
    first: (perPage: number) => readPage(list, { order_by: 'updated_at', sort: 'desc', page: 1, per_page: perPage }),
    read: ({ before, page, perPage }: { before: string | undefined; page: number; perPage: number }) =>
      readPage(list, { order_by: 'created_at', sort: 'desc', created_before: before, page, per_page: perPage }),
  }
  return toPage(list.asked, await walkWindow(source, placeIn(list, WindowPlace), list.asked.args.limit))
}

import type { Answer } from './answer.ts'
import { badParameter, ok, Refusal } from './answer.ts'
import type { Call } from './call.ts'
import { text } from './call.ts'

/** Above this many rows GitLab counts no more: `X-Total` is absent. */
const maxCounted = 10_000
/** How far offset paging goes where a list also has keyset paging. */
const maxOffset = 50_000

export interface PagingOptions {
  /** GitLab does not count this list, however short it is (commits, trees). */
  readonly uncounted?: boolean
  readonly furthestOffset?: boolean
}

/** A page by its number, with the headers of GitLab's offset paging. */
export function paginate<T>(call: Call, items: readonly T[], present: (item: T) => unknown, options: PagingOptions = {}): Answer {
  const page = pageNumber(call, 'page', 1)
  const perPage = Math.min(100, pageNumber(call, 'per_page', 20))
  const start = (page - 1) * perPage
  if (options.furthestOffset === true && start > maxOffset) {
    throw new Refusal(405, {
      error: `Offset pagination has a maximum allowed offset of ${maxOffset} for requests that return objects`,
    })
  }
  const isLast = start + perPage >= items.length
  const counted = options.uncounted !== true && items.length <= maxCounted
  const headers: Record<string, string> = {
    'X-Page': String(page),
    'X-Per-Page': String(perPage),
    'X-Next-Page': isLast ? '' : String(page + 1),
    'X-Prev-Page': page > 1 ? String(page - 1) : '',
  }
  if (counted) {
    headers['X-Total'] = String(items.length)
    headers['X-Total-Pages'] = String(Math.max(1, Math.ceil(items.length / perPage)))
  }
  if (!isLast) headers['Link'] = link(call, { page: String(page + 1), per_page: String(perPage) })
  return ok(items.slice(start, start + perPage).map(present), headers)
}

/**
 * A page after a key (`page_token` of trees and branches; `id_after` and `id_before` of projects): the next page is
 * only in the `Link` header (RFC 8288).
 */
export function paginateByKey<T>(
  call: Call,
  items: readonly T[],
  present: (item: T) => unknown,
  key: (last: T) => Record<string, string>,
): Answer {
  const perPage = Math.min(100, pageNumber(call, 'per_page', 20))
  const page = items.slice(0, perPage)
  const last = page.at(-1)
  const headers: Record<string, string> =
    items.length > perPage && last ? { Link: link(call, { per_page: String(perPage), ...key(last) }) } : {}
  return ok(page.map(present), headers)
}

function pageNumber(call: Call, name: string, otherwise: number): number {
  const value = text(call, name)
  if (value === undefined) return otherwise
  if (!/^\d+$/.test(value) || Number(value) < 1) throw badParameter(`${name} does not have a valid value`)
  return Number(value)
}

function link({ base, path, query }: Call, members: Record<string, string>): string {
  const next = new URLSearchParams(query)
  for (const [name, value] of Object.entries(members)) next.set(name, value)
  return `<${base}${path}?${next}>; rel="next"`
}

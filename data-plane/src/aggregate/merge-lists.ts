import { isObject } from '../json/is-object.ts'
import { UpstreamFault, UpstreamRpcError } from '../upstream/upstream.ts'
import { writeCursor } from './cursor.ts'
import type { CompositeCursor, Position } from './cursor.ts'
import { withoutUnreadableUi } from './apps.ts'
import { isTooDeep } from '../json/depth.ts'
import type { Fields } from '../json/edit.ts'
import { promptEntry, resourceEntry, skillEntry, templateEntry, toolEntry } from './rewrite-result.ts'
import type { EntryOrigin } from './rewrite-result.ts'
import { nameBook, nameOnAggregate } from './names/names.ts'
import type { NameBook } from './names/names.ts'
import { fairShares } from './fair-shares.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

/** What one server answered to a list, however it went. */
export interface ServerPage {
  readonly server: string
  readonly position: Position
  readonly settled: PromiseSettledResult<Fields>
}

interface Unavailable {
  readonly id: string
  /** A code, never a server's words. */
  readonly reason: string
}

/** An entry that is in no page, and why: for the log. */
interface Excluded {
  readonly server: string
  readonly name: string | undefined
  readonly reason: 'unnamed' | 'same-name' | 'too-deep'
}

export interface MergeOptions {
  origin(server: string): EntryOrigin
  /** May this entry, in the server's own words, be listed for the person and client? */
  keep?(server: string, entry: Fields): boolean
  /** The most entries of a page; every server has at least one. */
  max?: number
}

export interface Merged {
  /** Without `nextCursor`, which is the seal of `next`. */
  readonly result: Fields
  readonly next: CompositeCursor | undefined
  readonly unavailable: readonly Unavailable[]
  readonly excluded: readonly Excluded[]
}

const defaultMax = 2_000

/** What a list's entries lie under, what names them, and whether the name must be one of a kind. */
const shapes = {
  'tools/list': { key: 'tools', id: 'name', unique: true, entry: toolEntry },
  'prompts/list': { key: 'prompts', id: 'name', unique: true, entry: promptEntry },
  'resources/list': { key: 'resources', id: 'uri', unique: false, entry: resourceEntry },
  'resources/templates/list': { key: 'resourceTemplates', id: 'uriTemplate', unique: false, entry: templateEntry },
  'skills/list': { key: 'skills', id: 'uri', unique: true, entry: skillEntry },
} as const

/**
 * The pages of many servers as one, ordered by server id and then as the server has it, in whatever order they arrived. Servers
 * share a page fairly: an endless list leaves room for the others. One that failed is named in `_meta` and not asked again by this walk.
 */
export function mergeLists(
  list: ListMethod,
  pages: Iterable<ServerPage>,
  { origin, keep = () => true, max = defaultMax }: MergeOptions,
): Merged {
  const shape = shapes[list]
  const read = [...pages].toSorted((a, b) => (a.server < b.server ? -1 : 1)).map((page) => readPage(page, shape.key, keep))
  const room = fairShares(
    read.map(({ entries }) => entries.length),
    Math.max(max, read.length),
  )
  const taken = read.map((page, at) => ({ ...page, ...take(page, room[at] ?? 0) }))

  const { cursor, dropped } = writeCursor(list, new Map(taken.flatMap(({ server, next }) => (next ? [[server, next]] : []))))
  const unavailable = taken.flatMap(({ server, failed }) => {
    const reason = failed ?? (dropped.includes(server) ? 'cursor_too_large' : undefined)
    return reason === undefined ? [] : [{ id: server, reason }]
  })
  const named = taken.map(({ server, given }) => ({ server, ...distinct(server, given, shape) }))
  const items = named.flatMap(({ server, kept }) => {
    const from = origin(server)
    return kept.map((entry) => shownOnce(shape.entry, from, entry))
  })

  const result = {
    resultType: 'complete',
    [shape.key]: items,
    // What is incomplete should be asked for again soon.
    ttlMs: unavailable.length > 0 ? 0 : Math.min(...taken.map(({ ttlMs }) => ttlMs), taken.length === 0 ? 0 : Infinity),
    cacheScope: 'private',
    ...(unavailable.length > 0 && { _meta: { 'bir/unavailable': unavailable } }),
  }
  return { result, next: cursor, unavailable, excluded: named.flatMap(({ excluded }) => excluded) }
}

const shown = new WeakMap<Fields, { readonly server: string; readonly entry: Fields }>()

/** The same entry gives the same object for everybody who may read its view, so that what is known of it (its hash, its bytes) can be kept with it. */
function shownOnce(show: (origin: EntryOrigin, entry: Fields) => Fields, origin: EntryOrigin, entry: Fields): Fields {
  const { server } = origin
  const bare = origin.readable ? withoutUnreadableUi(entry, (uri) => origin.readable?.(uri) !== false) : entry
  const known = shown.get(bare)
  if (known?.server === server) return known.entry
  const made = show({ server }, bare)
  shown.set(bare, { server, entry: made })
  return made
}

interface ReadPage {
  readonly server: string
  readonly position: Position
  /** What may be listed, each with its place in the server's page. */
  readonly entries: readonly { readonly at: number; readonly entry: Fields }[]
  readonly nextCursor: string | undefined
  readonly ttlMs: number
  readonly failed: string | undefined
}

function readPage({ server, position, settled }: ServerPage, key: string, keep: (server: string, entry: Fields) => boolean): ReadPage {
  const nothing = { server, position, entries: [], nextCursor: undefined, ttlMs: 0 }
  if (settled.status === 'rejected') return { ...nothing, failed: reasonOf(settled.reason) }
  const { [key]: items, nextCursor, ttlMs } = settled.value
  if (!Array.isArray(items)) return { ...nothing, failed: 'broken_protocol' }

  const entries = items.flatMap((entry: unknown, at) =>
    at >= position.skip && isObject(entry) && keep(server, entry) ? [{ at, entry }] : [],
  )
  const loops = typeof nextCursor === 'string' && nextCursor === position.cursor
  return {
    server,
    position,
    entries,
    nextCursor: typeof nextCursor === 'string' && !loops ? nextCursor : undefined,
    ttlMs: Number.isSafeInteger(ttlMs) ? Math.max(Number(ttlMs), 0) : 0,
    failed: loops ? 'broken_protocol' : undefined,
  }
}

/** What of a page there is room for, and where to go on. */
function take({ entries, position, nextCursor }: ReadPage, room: number): { given: Fields[]; next: Position | undefined } {
  const given = entries.slice(0, room).map(({ entry }) => entry)
  const first = entries[room]
  if (first) return { given, next: { ...position, skip: first.at } }
  return { given, next: nextCursor === undefined ? undefined : { cursor: nextCursor, skip: 0 } }
}

/** Without what cannot be listed: what has no name, or that of another, or cannot be written. Of equal names the first stays; of names that are cut to one, none. */
function distinct(server: string, given: readonly Fields[], { id, unique }: { id: string; unique: boolean }) {
  const book = id === 'name' ? nameBook(server, namesIn(given, id)) : undefined
  const seen = new Set<string>()
  const excluded: Excluded[] = []
  const kept = given.filter((entry) => {
    const { [id]: name } = entry
    const known = typeof name === 'string' ? name : undefined
    const reason = faultOf(entry, known)
    if (known !== undefined) seen.add(known)
    if (reason) excluded.push({ server, name: known, reason })
    return reason === undefined
  })
  return { kept, excluded }

  function faultOf(entry: Fields, name: string | undefined): Excluded['reason'] | undefined {
    if (name === undefined) return 'unnamed'
    if ((unique && seen.has(name)) || (book && isShared(book, server, name))) return 'same-name'
    return isTooDeep(entry) ? 'too-deep' : undefined
  }
}

const namesIn = (given: readonly Fields[], id: string) => given.map((entry) => entry[id]).filter((name) => typeof name === 'string')

function isShared(book: NameBook, server: string, name: string): boolean {
  const joined = book.size > 0 ? nameOnAggregate(server, name) : ''
  return book.has(joined) && book.get(joined) === undefined
}

/** A server that does not know the method has nothing to list: the caller gives that as an empty page. */
function reasonOf(error: unknown): string {
  if (error instanceof UpstreamFault) return error.code
  return error instanceof UpstreamRpcError ? 'upstream_error' : 'internal'
}

import { isObject } from '../json/is-object.ts'
import { UpstreamFault, UpstreamRpcError } from '../upstream/upstream.ts'
import { writeCursor } from './cursor.ts'
import type { CompositeCursor, Position } from './cursor.ts'
import { withoutUnreadableUi } from './apps.ts'
import { isTooDeep } from '../json/depth.ts'
import type { Fields } from '../json/edit.ts'
import { promptEntry, resourceEntry, skillEntry, templateEntry, toolEntry, toolOnAggregate } from './rewrite-result.ts'
import type { EntryOrigin } from './rewrite-result.ts'
import { promptOnAggregate } from './names/names.ts'
import { fairShares } from './fair-shares.ts'
import type { Cleared } from '../protocol/channel/cleared.ts'
import type { ListMethod } from '../protocol/list-methods.ts'

/** The answer of one server to a list request, or its failure. */
export interface ServerPage {
  readonly server: string
  readonly position: Position
  readonly settled: PromiseSettledResult<Cleared<Fields>>
}

interface Unavailable {
  readonly id: string
  /** A code, never text of the server. */
  readonly reason: string
}

/** An entry that was left out of the list, for the log. */
interface Excluded {
  readonly server: string
  readonly name: string | undefined
  readonly reason: 'unnamed' | 'same-name' | 'too-deep'
}

export interface MergeOptions {
  origin(server: string): EntryOrigin
  /** Whether the client may see this entry, which has the server's own names. */
  keep?(server: string, entry: Fields): boolean
  /** The limit of entries in a page. Each server gets at least one, even above the limit. */
  max?: number
}

export interface Merged {
  /** Has no `nextCursor` yet: the caller seals `next` into it. */
  readonly result: Fields
  readonly next: CompositeCursor | undefined
  readonly unavailable: readonly Unavailable[]
  readonly excluded: readonly Excluded[]
}

const defaultMax = 2_000

/** A list's key in the result, the field that identifies an entry, its name on `/mcp`, and whether it is unique. */
const shapes = {
  'tools/list': { key: 'tools', id: 'name', shown: toolOnAggregate, unique: true, rewrite: toolEntry },
  'prompts/list': { key: 'prompts', id: 'name', shown: promptOnAggregate, unique: true, rewrite: promptEntry },
  'resources/list': { key: 'resources', id: 'uri', shown: undefined, unique: false, rewrite: resourceEntry },
  'resources/templates/list': { key: 'resourceTemplates', id: 'uriTemplate', shown: undefined, unique: false, rewrite: templateEntry },
  'skills/list': { key: 'skills', id: 'uri', shown: undefined, unique: true, rewrite: skillEntry },
} as const

/**
 * Merges the pages of many servers into one. Entries are ordered by server id, and then as in the server's own list.
 * Servers share the page fairly: an endless list leaves room for the others. A server that failed is named in `_meta`,
 * and is not asked again in this walk.
 */
export function mergeLists(
  list: ListMethod,
  pages: Iterable<ServerPage>,
  { origin, keep = () => true, max = defaultMax }: MergeOptions,
): Merged {
  const shape = shapes[list]
  const serverPages = [...pages].toSorted((a, b) => (a.server < b.server ? -1 : 1)).map((page) => readPage(page, shape.key, keep))
  const shares = fairShares(
    serverPages.map(({ entries }) => entries.length),
    Math.max(max, serverPages.length),
  )
  const parts = serverPages.map((page, at) => ({ ...page, ...takeShare(page, shares[at] ?? 0) }))

  const { cursor, dropped } = writeCursor(list, new Map(parts.flatMap(({ server, next }) => (next ? [[server, next]] : []))))
  const unavailable = parts.flatMap(({ server, failure }) => {
    const reason = failure ?? (dropped.includes(server) ? 'cursor_too_large' : undefined)
    return reason === undefined ? [] : [{ id: server, reason }]
  })
  const checkedParts = parts.map(({ server, share }) => ({ server, ...excludeUnlistable(server, share, shape) }))
  const items = checkedParts.flatMap(({ server, listable }) => {
    const entryOrigin = origin(server)
    return listable.map((entry) => rewriteOnce(shape.rewrite, entryOrigin, entry))
  })

  const result = {
    resultType: 'complete',
    [shape.key]: items,
    // An incomplete list should be requested again soon.
    ttlMs: unavailable.length > 0 ? 0 : Math.min(...parts.map(({ ttlMs }) => ttlMs), parts.length === 0 ? 0 : Infinity),
    cacheScope: 'private',
    ...(unavailable.length > 0 && { _meta: { 'bir/unavailable': unavailable } }),
  }
  return { result, next: cursor, unavailable, excluded: checkedParts.flatMap(({ excluded }) => excluded) }
}

const rewrittenEntries = new WeakMap<Fields, { readonly server: string; readonly rewritten: Fields }>()

/**
 * Rewrites an entry for `/mcp`. Everybody who may read its view gets the same object, so that data about it
 * (its hash, its bytes) can be cached by the object.
 */
function rewriteOnce(rewrite: (origin: EntryOrigin, entry: Fields) => Fields, origin: EntryOrigin, entry: Fields): Fields {
  const { server } = origin
  const readable = origin.readable ? withoutUnreadableUi(entry, (uri) => origin.readable?.(uri) !== false) : entry
  const cached = rewrittenEntries.get(readable)
  if (cached?.server === server) return cached.rewritten
  const rewritten = rewrite({ server }, readable)
  rewrittenEntries.set(readable, { server, rewritten })
  return rewritten
}

interface ReadPage {
  readonly server: string
  readonly position: Position
  /** The entries that the client may see, each with its index in the server's page. */
  readonly entries: readonly { readonly at: number; readonly entry: Fields }[]
  readonly nextCursor: string | undefined
  readonly ttlMs: number
  /** A code; undefined when the server answered well. */
  readonly failure: string | undefined
}

/** Reads the answer of one server. A failed or malformed answer is a page without entries. */
function readPage({ server, position, settled }: ServerPage, key: string, keep: (server: string, entry: Fields) => boolean): ReadPage {
  const emptyPage = { server, position, entries: [], nextCursor: undefined, ttlMs: 0 }
  if (settled.status === 'rejected') return { ...emptyPage, failure: reasonOf(settled.reason) }
  const { [key]: items, nextCursor, ttlMs } = settled.value
  if (!Array.isArray(items)) return { ...emptyPage, failure: 'broken_protocol' }

  const entries: { at: number; entry: Fields }[] = []
  for (const [at, entry] of (items as unknown[]).entries()) {
    if (at >= position.skip && isObject(entry) && keep(server, entry)) entries.push({ at, entry })
  }
  const page = { server, position, entries, ttlMs: Number.isSafeInteger(ttlMs) ? Math.max(Number(ttlMs), 0) : 0 }
  if (typeof nextCursor !== 'string') return { ...page, nextCursor: undefined, failure: undefined }
  // A server that returns the cursor it was given would be asked for the same page for ever.
  if (nextCursor === position.cursor) return { ...page, nextCursor: undefined, failure: 'broken_protocol' }
  return { ...page, nextCursor, failure: undefined }
}

/** Takes the first entries of a page, as many as its share allows. `next` is where the walk continues. */
function takeShare({ entries, position, nextCursor }: ReadPage, count: number): { share: Fields[]; next: Position | undefined } {
  const share = entries.slice(0, count).map(({ entry }) => entry)
  const firstLeft = entries[count]
  if (firstLeft) return { share, next: { ...position, skip: firstLeft.at } }
  return { share, next: nextCursor === undefined ? undefined : { cursor: nextCursor, skip: 0 } }
}

interface EntryShape {
  readonly id: string
  readonly shown: ((server: string, name: string) => string) | undefined
  readonly unique: boolean
}

/**
 * Excludes entries that cannot be listed: without a name, with a name that another entry has, or nested too deeply.
 * Of entries with equal names the first stays. Of different names that become one on `/mcp` none stays.
 */
function excludeUnlistable(server: string, entries: readonly Fields[], { id, shown, unique }: EntryShape) {
  const shared = shown && sharedNames(namesOf(entries, id), (name) => shown(server, name))
  const names = new Set<string>()
  const listable: Fields[] = []
  const excluded: Excluded[] = []
  for (const entry of entries) {
    const name = nameOf(entry, id)
    const reason = exclusionReason(entry, name)
    if (name !== undefined) names.add(name)
    if (reason) excluded.push({ server, name, reason })
    else listable.push(entry)
  }
  return { listable, excluded }

  function exclusionReason(entry: Fields, name: string | undefined): Excluded['reason'] | undefined {
    if (name === undefined) return 'unnamed'
    if (unique && names.has(name)) return 'same-name'
    if (shared?.has(name)) return 'same-name'
    return isTooDeep(entry) ? 'too-deep' : undefined
  }
}

function nameOf(entry: Fields, id: string): string | undefined {
  const name = entry[id]
  return typeof name === 'string' ? name : undefined
}

const namesOf = (entries: readonly Fields[], id: string): string[] =>
  entries.map((entry) => nameOf(entry, id)).filter((name) => name !== undefined)

/** The names whose name on `/mcp` stands for another one too. */
function sharedNames(names: readonly string[], shown: (name: string) => string): ReadonlySet<string> {
  const byShown = Map.groupBy(new Set(names), shown)
  return new Set([...byShown.values()].filter(({ length }) => length > 1).flat())
}

/** The code of a failure. A server that does not know the method has not failed: the caller passes an empty page. */
function reasonOf(error: unknown): string {
  if (error instanceof UpstreamFault) return error.code
  return error instanceof UpstreamRpcError ? 'upstream_error' : 'internal'
}

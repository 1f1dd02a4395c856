import { isObject } from '../json/is-object.ts'
import { inUri } from './rewrite-content.ts'
import type { Rename } from './rewrite-content.ts'
import { withField, withoutField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'

export const UI_EXTENSION = 'io.modelcontextprotocol/ui'

/** The flat key of the time before MCP Apps were stable. */
const flat = 'ui/resourceUri'

/** The view that a tool or its result names in `_meta`, renamed. */
export function inUi<T extends Fields>(of: T, rename: Rename): T {
  const { _meta: meta } = of
  if (!isObject(meta)) return of
  const { ui } = meta
  const renamed = isObject(ui) ? withField(meta, 'ui', inUri(ui, rename, 'resourceUri')) : meta
  return withField(of, '_meta', inUri(renamed, rename, flat))
}

/** Without a view that may not be read: a host would offer what is refused. Serves `/mcp/{server}` too; URIs are the server's own. */
export function withoutUnreadableUi<T extends Fields>(of: T, readable: (uri: string) => boolean): T {
  const { _meta: meta } = of
  if (!isObject(meta)) return of
  const unreadable = (uri: unknown) => typeof uri === 'string' && !readable(uri)

  const { ui } = meta
  const bare = isObject(ui) && unreadable(ui['resourceUri']) ? withoutField(ui, 'resourceUri') : ui
  const kept = bare !== ui && isObject(bare) && Object.keys(bare).length === 0 ? withoutField(meta, 'ui') : withField(meta, 'ui', bare)
  return withField(of, '_meta', unreadable(meta[flat]) ? withoutField(kept, flat) : kept)
}

/**
 * May this client know of the tool? By MCP Apps a tool whose `visibility` lacks `model` is for the app alone, and it is the host
 * that keeps it from the model: it needs the entry to let the app call it. A client that does not declare the extension knows
 * no visibility and would show the tool to its model, so for it the tool does not exist, in lists and in calls.
 */
export function isShownTo(capabilities: Fields, tool: Fields): boolean {
  return showsApps(capabilities) || isForModels(tool)
}

/** The one thing about a client that lists differ by. */
export function showsApps({ extensions }: Fields): boolean {
  return isObject(extensions) && UI_EXTENSION in extensions
}

type Entries = readonly Fields[]

const none: ReadonlySet<unknown> = new Set()
const known = new WeakMap<Entries, ReadonlySet<unknown>>()

/** May this client call a tool of that name? The same answer as `isShownTo` gives of its entry; looked up once per list. */
export function isCallableBy(capabilities: Fields, entries: Entries | undefined, name: string): boolean {
  return entries === undefined || !forAppsAlone(entries).has(name) || showsApps(capabilities)
}

/** Of two tools with one name the first counts. */
function forAppsAlone(entries: Entries): ReadonlySet<unknown> {
  const before = known.get(entries)
  if (before) return before
  const first = new Map(entries.toReversed().map((entry) => [entry['name'], entry]))
  const names = [...first.values()].filter((entry) => !isForModels(entry)).map(({ name }) => name)
  const found = names.length === 0 ? none : new Set(names)
  known.set(entries, found)
  return found
}

function isForModels({ _meta: meta }: Fields): boolean {
  const visibility = isObject(meta) && isObject(meta['ui']) ? meta['ui']['visibility'] : undefined
  return !Array.isArray(visibility) || visibility.includes('model')
}

import { isObject } from '../json/is-object.ts'
import { renameUri } from './rewrite-content.ts'
import type { RenameUri } from './rewrite-content.ts'
import { withField, withoutField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'

export const UI_EXTENSION = 'io.modelcontextprotocol/ui'

/** The key for the view's URI before MCP Apps were stable. */
const legacyKey = 'ui/resourceUri'

/** Renames the URI of the view in `_meta` of a tool or its result. */
export function renameInUi<T extends Fields>(entry: T, rename: RenameUri): T {
  const { _meta: meta } = entry
  if (!isObject(meta)) return entry
  const { ui } = meta
  const renamed = isObject(ui) ? withField(meta, 'ui', renameUri(ui, rename, 'resourceUri')) : meta
  return withField(entry, '_meta', renameUri(renamed, rename, legacyKey))
}

/**
 * Removes the view of an entry when the person may not read it: a host would offer a view that is then refused.
 * Needs the server's own URIs. Used by `/mcp/{server}` too.
 */
export function withoutUnreadableUi<T extends Fields>(entry: T, isReadable: (uri: string) => boolean): T {
  const { _meta: meta } = entry
  if (!isObject(meta)) return entry
  const isUnreadable = (uri: unknown) => typeof uri === 'string' && !isReadable(uri)

  const { ui } = meta
  const readableUi = isObject(ui) && isUnreadable(ui['resourceUri']) ? withoutField(ui, 'resourceUri') : ui
  const hasBecomeEmpty = readableUi !== ui && isObject(readableUi) && Object.keys(readableUi).length === 0
  const readableMeta = hasBecomeEmpty ? withoutField(meta, 'ui') : withField(meta, 'ui', readableUi)
  return withField(entry, '_meta', isUnreadable(meta[legacyKey]) ? withoutField(readableMeta, legacyKey) : readableMeta)
}

/**
 * Whether this client may know of the tool. In MCP Apps a tool whose `visibility` lacks `model` is only for the app.
 * The host needs the entry, so that the app can call the tool, and must hide it from the model. A client that does not
 * declare the extension would show the tool to its model. For such a client the tool does not exist at all.
 */
export function isShownTo(capabilities: Fields, tool: Fields): boolean {
  return showsApps(capabilities) || isForModels(tool)
}

/** Whether the client is a host of MCP Apps. */
function showsApps({ extensions }: Fields): boolean {
  return isObject(extensions) && UI_EXTENSION in extensions
}

type Entries = readonly Fields[]

const noNames: ReadonlySet<unknown> = new Set()
const appOnlyNames = new WeakMap<Entries, ReadonlySet<unknown>>()

/** Whether this client may call the tool of this name. The result is that of `isShownTo` for the tool's entry. */
export function isCallableBy(capabilities: Fields, entries: Entries | undefined, name: string): boolean {
  return entries === undefined || !appOnlyNamesOf(entries).has(name) || showsApps(capabilities)
}

/** The names of tools that are only for apps, computed once per list. Of two tools with one name the first counts. */
function appOnlyNamesOf(entries: Entries): ReadonlySet<unknown> {
  const cachedNames = appOnlyNames.get(entries)
  if (cachedNames) return cachedNames
  const tools = new Map(entries.toReversed().map((entry) => [entry['name'], entry]))
  const names = [...tools.values()].filter((entry) => !isForModels(entry)).map(({ name }) => name)
  const nameSet = names.length === 0 ? noNames : new Set(names)
  appOnlyNames.set(entries, nameSet)
  return nameSet
}

function isForModels({ _meta: meta }: Fields): boolean {
  const visibility = isObject(meta) && isObject(meta['ui']) ? meta['ui']['visibility'] : undefined
  return !Array.isArray(visibility) || visibility.includes('model')
}

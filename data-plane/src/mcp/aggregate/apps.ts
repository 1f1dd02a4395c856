import { isObject } from '../json-rpc.ts'
import { inUri, type Rename } from './content.ts'
import { withField, withoutField, type Fields } from './edit.ts'

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

function isForModels({ _meta: meta }: Fields): boolean {
  const visibility = isObject(meta) && isObject(meta['ui']) ? meta['ui']['visibility'] : undefined
  return !Array.isArray(visibility) || visibility.includes('model')
}

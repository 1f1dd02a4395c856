import { isObject } from '../json/is-object.ts'
import { renameInInputResponses } from './rewrite-content.ts'
import { withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'
import { readName } from './names/names.ts'
import type { NameBook } from './names/names.ts'
import type { TaskAddress } from '../protocol/extensions/tasks.ts'
import { readUri } from './names/uris.ts'

/** What the way back to a server needs from the caller. */
export interface Routes {
  /** The book of the shortened names of a server's prompts (`nameBook`). A name that was not shortened needs none. */
  bookOf(server: string): NameBook | undefined
  /** The opposite of `ServerOrigin.sealTask`; undefined for an id that this person was never given. */
  openTask(sealed: string): TaskAddress | undefined
}

/** Why a request at `/mcp` goes to no server: it names something unknown, or its method is not for a single server. */
type NoRoute = 'unknown-prompt' | 'unknown-resource' | 'unknown-ref' | 'every-server' | 'unknown-method'

export type Routed =
  | { readonly server: string; readonly params: Fields; readonly reason?: undefined }
  | { readonly server: undefined; readonly reason: NoRoute }

type Router = (params: Fields, routes: Routes) => Routed

const noRoute = (reason: NoRoute): Routed => ({ server: undefined, reason })

function byPrompt(params: Fields, routes: Routes): Routed {
  const { name } = params
  const address = typeof name === 'string' ? readName(name, (server) => routes.bookOf(server)) : undefined
  if (!address) return noRoute('unknown-prompt')
  return routeTo(address.server, withField(params, 'name', address.name))
}

function byUri(params: Fields): Routed {
  const address = typeof params['uri'] === 'string' ? readUri(params['uri']) : undefined
  return address ? routeTo(address.server, withField(params, 'uri', address.uri)) : noRoute('unknown-resource')
}

function byRef(params: Fields, routes: Routes): Routed {
  const { ref } = params
  const kind = isObject(ref) ? ref['type'] : undefined
  if (!isObject(ref) || (kind !== 'ref/resource' && kind !== 'ref/prompt')) return noRoute('unknown-ref')
  const routed = kind === 'ref/resource' ? byUri(ref) : byPrompt(ref, routes)
  return routed.server === undefined ? routed : { server: routed.server, params: withField(params, 'ref', routed.params) }
}

const routeTo = (server: string, params: Fields): Routed => ({ server, params: responsesForServer(server, params) })

/** Renames the URIs in `inputResponses` to the server's own. A sampling response may repeat resources of the server. */
export function responsesForServer(server: string, params: Fields): Fields {
  return renameInInputResponses(params, (uri) => {
    const address = readUri(uri)
    return address?.server === server ? address.uri : uri
  })
}

const everyServer: Router = () => noRoute('every-server')

const routers = new Map<string, Router>([
  ['prompts/get', byPrompt],
  ['resources/read', byUri],
  ['resources/subscribe', byUri],
  ['resources/unsubscribe', byUri],
  ['resources/directory/read', byUri],
  ['skills/get', byUri],
  ['completion/complete', byRef],
  ['initialize', everyServer],
  ['ping', everyServer],
  ['server/discover', everyServer],
  ['logging/setLevel', everyServer],
  ['subscriptions/listen', everyServer],
  ['tools/list', everyServer],
  ['prompts/list', everyServer],
  ['resources/list', everyServer],
  ['resources/templates/list', everyServer],
  ['skills/list', everyServer],
])

/**
 * Finds the server for a client's request at `/mcp` that is no tool call, and rewrites the parameters to that server's
 * names and URIs. Arguments, `requestState` and unknown fields are not changed. An unknown method names no server, so
 * it has no route here; `/mcp/{server}` relays it.
 */
export function routeRequest(method: string, params: Fields, routes: Routes): Routed {
  return routers.get(method)?.(params, routes) ?? noRoute('unknown-method')
}

import { isObject } from '../json/is-object.ts'
import { inInputResponses } from './rewrite-content.ts'
import { withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'
import { readName } from './names/names.ts'
import type { NameBook } from './names/names.ts'
import type { TaskAddress } from '../protocol/extensions/tasks.ts'
import { readUri } from './names/uris.ts'

/** What only the caller knows of the way back. */
export interface Routes {
  /** The shortened names of a server (`nameBook`); a name that was not shortened needs none. */
  bookOf(kind: 'tool' | 'prompt', server: string): NameBook | undefined
  /** The opposite of `Origin.sealTask`; undefined for an id never given to this person. */
  openTask(sealed: string): TaskAddress | undefined
}

/** Why a request of `/mcp` goes to no server: what it names was never given out, or its method is not one server's. */
type NoRoute = 'unknown-tool' | 'unknown-prompt' | 'unknown-resource' | 'unknown-ref' | 'every-server' | 'unknown-method'

export type Routed =
  | { readonly server: string; readonly params: Fields; readonly reason?: undefined }
  | { readonly server: undefined; readonly reason: NoRoute }

type Router = (params: Fields, routes: Routes) => Routed

const none = (reason: NoRoute): Routed => ({ server: undefined, reason })

function byName(kind: 'tool' | 'prompt', params: Fields, routes: Routes): Routed {
  const { name } = params
  const address = typeof name === 'string' ? readName(name, (server) => routes.bookOf(kind, server)) : undefined
  if (!address) return none(kind === 'tool' ? 'unknown-tool' : 'unknown-prompt')
  return to(address.server, withField(params, 'name', address.name))
}

function byUri(params: Fields): Routed {
  const address = typeof params['uri'] === 'string' ? readUri(params['uri']) : undefined
  return address ? to(address.server, withField(params, 'uri', address.uri)) : none('unknown-resource')
}

function byRef(params: Fields, routes: Routes): Routed {
  const { ref } = params
  const kind = isObject(ref) ? ref['type'] : undefined
  if (!isObject(ref) || (kind !== 'ref/resource' && kind !== 'ref/prompt')) return none('unknown-ref')
  const found = kind === 'ref/resource' ? byUri(ref) : byName('prompt', ref, routes)
  return found.server === undefined ? found : { server: found.server, params: withField(params, 'ref', found.params) }
}

const to = (server: string, params: Fields): Routed => ({ server, params: responsesForServer(server, params) })

/** `inputResponses` of params in the server's own words: what was sampled may say its resources again. */
export function responsesForServer(server: string, params: Fields): Fields {
  return inInputResponses(params, (uri) => {
    const address = readUri(uri)
    return address?.server === server ? address.uri : uri
  })
}

const everyServer: Router = () => none('every-server')

const routers = new Map<string, Router>([
  ['tools/call', (params, routes) => byName('tool', params, routes)],
  ['prompts/get', (params, routes) => byName('prompt', params, routes)],
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
 * A request of a client at `/mcp`: which server it is for, its parameters in that server's words. Arguments, `requestState` and
 * fields unknown are not touched. A method unknown here names nothing we could find a server by: `/mcp/{server}` relays it.
 */
export function routeRequest(method: string, params: Fields, routes: Routes): Routed {
  return routers.get(method)?.(params, routes) ?? none('unknown-method')
}

import { isObject } from '../../json/is-object.ts'
import { LRUCache } from 'lru-cache'
import { GATEWAY_IDENTITY } from '../../protocol/facts/gateway-identity.ts'
import { ENVELOPE_KEYS } from '../../protocol/facts/envelope-keys.ts'
import { MODERN_VERSIONS } from '../../protocol/versions.ts'
import { headerValue } from '../../protocol/headers/encoding.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { ClientFacts } from '../../protocol/notification.ts'

export const MODERN = MODERN_VERSIONS[0]

/** The gateway as a client: it discovers servers, lists their tools, and subscribes on behalf of many clients. */
export const GATEWAY_CLIENT: ClientFacts = {
  capabilities: {},
  info: GATEWAY_IDENTITY,
  logLevel: undefined,
}

/** An optional `_meta` key of the modern envelope. */
const logLevelKey = 'io.modelcontextprotocol/logLevel'

type Params = Readonly<Record<string, unknown>>

export const metaOf = (params: Params): Params => (isObject(params['_meta']) ? params['_meta'] : {})

interface Message {
  /** Absent for a notification. */
  readonly id?: number
  readonly method: string
  readonly params: Params
  readonly source?: VerbatimJson | undefined
  readonly client: ClientFacts
}

/** The body of a request or notification. A progress token is replaced by the id, which no other request shares. */
export function modernBody({ id, method, params, source, client }: Message): string {
  const clientMeta = metaOf(params)
  const _meta = {
    ...clientMeta,
    ...(clientMeta['progressToken'] !== undefined && { progressToken: id }),
    [ENVELOPE_KEYS.version]: MODERN,
    [ENVELOPE_KEYS.capabilities]: client.capabilities,
    [ENVELOPE_KEYS.client]: client.info,
    [logLevelKey]: client.logLevel,
  }
  const head = id === undefined ? '' : `"id":${id},`
  return `{"jsonrpc":"2.0",${head}"method":${JSON.stringify(method)},"params":${withMeta(params, _meta, source)}}`
}

function withMeta(params: Params, _meta: object, source: VerbatimJson | undefined): string {
  if (!source || params['_meta'] !== undefined) return source?.toJson({ ...params, _meta }) ?? JSON.stringify({ ...params, _meta })
  // Most requests have no `_meta` of the client. Then the envelope is appended to the text of the parameters.
  const json = source.toJson(params)
  return `${json.slice(0, json.lastIndexOf('}'))}${/^\s*\{\s*\}\s*$/.test(json) ? '' : ','}"_meta":${JSON.stringify(_meta)}}`
}

const maxKeyLength = 1000
/** Headers by method and name, because clients call the same few tools again and again. */
const headersCache = new LRUCache<string, Readonly<Record<string, string>>>({ max: 1000 })

/** The headers of every request. They must say the same as its body. */
export function modernHeaders(method: string, params: Params): Readonly<Record<string, string>> {
  const name = nameIn(method, params)
  // The length of the method makes the key unique: a client can choose both the method and the name.
  const key = `${method.length} ${method}${name === undefined ? '' : `=${name}`}`
  const cachedHeaders = headersCache.get(key)
  if (cachedHeaders) return cachedHeaders
  const headers = makeHeaders(method, name)
  if (key.length < maxKeyLength) headersCache.set(key, headers)
  return headers
}

function makeHeaders(method: string, name: string | undefined): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'mcp-protocol-version': MODERN,
    'mcp-method': headerValue(method),
    ...(name !== undefined && { 'mcp-name': headerValue(name) }),
  }
}

function nameIn(method: string, { name, uri, taskId }: Params): string | undefined {
  const nameOrUri = method === 'tools/call' || method === 'prompts/get' ? name : method === 'resources/read' ? uri : undefined
  const value = method.startsWith('tasks/') ? taskId : nameOrUri
  return typeof value === 'string' ? value : undefined
}

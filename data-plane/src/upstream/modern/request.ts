import { isObject } from '../../json/is-object.ts'
import { ENVELOPE_KEYS, MODERN_VERSIONS } from '../../protocol/versions.ts'
import { headerValue } from '../../protocol/headers/encoding.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { ClientFacts } from '../../protocol/notification.ts'

export const MODERN = MODERN_VERSIONS[0]

/** The gateway speaking for itself: when it asks what a server is, or listens for many. */
export const GATEWAY_CLIENT: ClientFacts = {
  capabilities: {},
  info: { name: 'bir-mcp', title: 'Bir MCP', version: '0.1.0' },
  logLevel: undefined,
}

/** `_meta` keys of the modern envelope beyond those everyone needs. */
const logLevelKey = 'io.modelcontextprotocol/logLevel'

type Params = Readonly<Record<string, unknown>>

export const metaOf = (params: Params): Params => (isObject(params['_meta']) ? params['_meta'] : {})

interface Message {
  /** None: a notification. */
  readonly id?: number
  readonly method: string
  readonly params: Params
  readonly source?: VerbatimJson | undefined
  readonly client: ClientFacts
}

/** The body of a request or notification. A progress token is replaced by the id, which no other request shares. */
export function modernBody({ id, method, params, source, client }: Message): string {
  const given = metaOf(params)
  const _meta = {
    ...given,
    ...(given['progressToken'] !== undefined && { progressToken: id }),
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
  // The usual request has no more of it than the envelope: nothing of the client's own is in it.
  const own = source.toJson(params)
  return `${own.slice(0, own.lastIndexOf('}'))}${/^\s*\{\s*\}\s*$/.test(own) ? '' : ','}"_meta":${JSON.stringify(_meta)}}`
}

const maxKept = 1000
/** By method and name: the same few are asked for again and again. */
const kept = new Map<string, Readonly<Record<string, string>>>()

/** The headers every request has, and which must say what the body says. */
export function modernHeaders(method: string, params: Params): Readonly<Record<string, string>> {
  const name = nameIn(method, params)
  // With its length: where the method ends and the name begins is nobody's to choose.
  const key = `${method.length} ${method}${name === undefined ? '' : `=${name}`}`
  const known = kept.get(key)
  if (known) return known
  const headers = written(method, name)
  if (kept.size < maxKept && key.length < maxKept) kept.set(key, headers)
  return headers
}

function written(method: string, name: string | undefined): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN,
    'mcp-method': headerValue(method),
    ...(name !== undefined && { 'mcp-name': headerValue(name) }),
  }
}

function nameIn(method: string, { name, uri, taskId }: Params): string | undefined {
  const value = method === 'tools/call' || method === 'prompts/get' ? name : method === 'resources/read' ? uri : undefined
  const found = method.startsWith('tasks/') ? taskId : value
  return typeof found === 'string' ? found : undefined
}

import { madeOf } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { NOT_CACHEABLE } from '../../protocol/facts/cache-hints.ts'
import { GATEWAY_IDENTITY } from '../../protocol/facts/gateway-identity.ts'
import { jsonOf } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import { isObject } from '../../json/is-object.ts'
import { ENVELOPE_KEYS } from '../../protocol/facts/envelope-keys.ts'

export const INSTRUCTIONS =
  'Bir MCP is a gateway to the tools of your company. You see the tools this person may use. Call whoami or list_permissions of meta to learn who you act for and why a tool is missing.'

/** What a modern result has besides its own fields (MCP 2026-07-28: resultType, serverInfo). */
const modernMembers = (serverInfo: object) => ({ resultType: 'complete', _meta: { [ENVELOPE_KEYS.server]: serverInfo } })
const modern = modernMembers(GATEWAY_IDENTITY)
const modernTail = `,${JSON.stringify(modern).slice(1)}`

const nameTail = JSON.stringify({ _meta: modern._meta }).slice(1)

/** Results that a modern client may cache: each must say for how long. */
const cacheable = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/directory/read',
  'server/discover',
  'skills/list',
  'skills/get',
])

/** The JSON of a result of the gateway's own, in the caller's era. A `_meta` that it has gets the server's name too. */
export function resultJson(result: Cleared<object>, isModern: boolean): Cleared<string> {
  if (isModern && '_meta' in result && isObject(result._meta))
    return madeOf([result], JSON.stringify(Object.assign({}, result, modern, { _meta: { ...result._meta, ...modern._meta } })))
  const json = JSON.stringify(result)
  if (!isModern) return madeOf([result], json)
  return madeOf([result], json === '{}' ? JSON.stringify(modern) : json.slice(0, -1) + modernTail)
}

/** The JSON of an introduction. In both eras it names the same server. */
export function introductionJson(introduction: Cleared<{ readonly serverInfo: object }>, isModern: boolean): Cleared<string> {
  const { serverInfo, ...rest } = introduction
  return madeOf([introduction], JSON.stringify(isModern ? { ...rest, ...modernMembers(serverInfo) } : introduction))
}

/**
 * The JSON of a server's result, in the caller's era. The server's own bytes stay wherever the era adds and removes
 * nothing.
 */
export function relayedJson(result: Cleared<UpstreamResult>, method: string, isModern: boolean): Cleared<string> {
  return madeOf([result], isModern ? modernJson(result, method) : legacyJson(result))
}

function modernJson(result: UpstreamResult, method: string): string {
  const { value } = result
  // The usual answer of a mounted tool lacks only the gateway's name.
  if (value['_meta'] === undefined && value['resultType'] !== undefined && !cacheable.has(method)) {
    const json = jsonOf(result)
    return `${json.slice(0, json.lastIndexOf('}'))},${nameTail}`
  }
  const isCacheable = cacheable.has(method) && value['resultType'] !== 'input_required'
  const missing = {
    ...(value['resultType'] === undefined && { resultType: 'complete' }),
    ...(isCacheable && value['ttlMs'] === undefined && { ttlMs: NOT_CACHEABLE.ttlMs }),
    ...(isCacheable && value['cacheScope'] === undefined && { cacheScope: NOT_CACHEABLE.cacheScope }),
    ...(value['_meta'] === undefined && { _meta: modern._meta }),
  }
  const json = jsonOf(result)
  const missingJson = JSON.stringify(missing)
  if (missingJson === '{}') return json
  return json === '{}' ? missingJson : `${json.slice(0, json.lastIndexOf('}'))},${missingJson.slice(1)}`
}

function legacyJson({ value, source }: UpstreamResult): string {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = value
  const meta = isObject(value['_meta']) && ENVELOPE_KEYS.server in value['_meta'] ? withoutServer(value['_meta']) : undefined
  return jsonOf({ value: meta ? { ...rest, _meta: Object.keys(meta).length > 0 ? meta : undefined } : rest, ...(source && { source }) })
}

const withoutServer = (meta: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => key !== ENVELOPE_KEYS.server))

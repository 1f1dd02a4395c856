import { jsonOf } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import { isObject } from '../../json/is-object.ts'
import { ENVELOPE_KEYS } from '../../protocol/versions.ts'

export const SERVER_INFO = { name: 'bir-mcp', title: 'Bir MCP', version: '0.1.0' }

export const INSTRUCTIONS =
  'Bir MCP is a gateway to the tools of your company. You see the tools this person may use. Call whoami or list_permissions of meta to learn who you act for and why a tool is missing.'

/** What a modern result carries beside its own fields (MCP 2026-07-28: resultType, serverInfo). */
const modern = { resultType: 'complete', _meta: { [ENVELOPE_KEYS.server]: SERVER_INFO } }
const modernTail = `,${JSON.stringify(modern).slice(1)}`

const nameTail = JSON.stringify({ _meta: modern._meta }).slice(1)

/** Lists, discovery and what is read differ by person and may change at any time: nobody but the client itself may keep them, and not for long. */
export const UNCACHED = { ttlMs: 0, cacheScope: 'private' }

/** Results that a modern client may keep for a while: they must say for how long. */
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

/** The JSON of a result of our own, in the caller's era. */
export function resultJson(result: object, isModern: boolean): string {
  const json = JSON.stringify(result)
  if (!isModern) return json
  return json === '{}' ? JSON.stringify(modern) : json.slice(0, -1) + modernTail
}

/** The JSON of a server's result, in the caller's era: its own bytes wherever the era has nothing to add or take away. */
export function relayedJson(result: UpstreamResult, method: string, isModern: boolean): string {
  return isModern ? modernJson(result, method) : legacyJson(result)
}

function modernJson(result: UpstreamResult, method: string): string {
  const { value } = result
  // The usual answer of a tool of our own lacks our name alone.
  if (value['_meta'] === undefined && value['resultType'] !== undefined && !cacheable.has(method)) {
    const json = jsonOf(result)
    return `${json.slice(0, json.lastIndexOf('}'))},${nameTail}`
  }
  const missing = {
    ...(value['resultType'] === undefined && { resultType: 'complete' }),
    ...(cacheable.has(method) && value['resultType'] !== 'input_required' && value['ttlMs'] === undefined && { ttlMs: 0 }),
    ...(cacheable.has(method) &&
      value['resultType'] !== 'input_required' &&
      value['cacheScope'] === undefined && { cacheScope: 'private' }),
    ...(value['_meta'] === undefined && { _meta: { [ENVELOPE_KEYS.server]: SERVER_INFO } }),
  }
  const json = jsonOf(result)
  const more = JSON.stringify(missing)
  if (more === '{}') return json
  return json === '{}' ? more : `${json.slice(0, json.lastIndexOf('}'))},${more.slice(1)}`
}

function legacyJson({ value, source }: UpstreamResult): string {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = value
  const meta = isObject(value['_meta']) && ENVELOPE_KEYS.server in value['_meta'] ? withoutServer(value['_meta']) : undefined
  return jsonOf({ value: meta ? { ...rest, _meta: Object.keys(meta).length > 0 ? meta : undefined } : rest, ...(source && { source }) })
}

const withoutServer = (meta: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => key !== ENVELOPE_KEYS.server))

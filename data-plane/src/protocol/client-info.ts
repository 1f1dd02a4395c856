import { isObject } from '../json/is-object.ts'
import { ENVELOPE_KEYS } from './versions.ts'
import type { ClientFacts } from './notification.ts'

/** `_meta` key by which a modern client asks for log messages. */
const logLevelKey = 'io.modelcontextprotocol/logLevel'
const plain = /^[\x20-\x7e]*$/
const envelope = new Set<string>([ENVELOPE_KEYS.version, ENVELOPE_KEYS.capabilities, ENVELOPE_KEYS.client, logLevelKey])

/** What a modern client says of itself on every request. */
export function modernClientFacts(params: Readonly<Record<string, unknown>>): ClientFacts {
  const meta = isObject(params['_meta']) ? params['_meta'] : {}
  const { [ENVELOPE_KEYS.capabilities]: capabilities, [ENVELOPE_KEYS.client]: info, [logLevelKey]: logLevel } = meta
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    info: isObject(info) ? info : undefined,
    logLevel: typeof logLevel === 'string' ? logLevel : undefined,
  }
}

/** How a client calls itself: for the record only, so it is short and plain. */
export function clientName(info: unknown): string | undefined {
  if (!isObject(info) || typeof info['name'] !== 'string') return undefined
  const version = typeof info['version'] === 'string' ? `/${info['version']}` : ''
  const name = `${info['name']}${version}`
  return (plain.test(name) ? name : name.replaceAll(/\p{C}/gu, '')).slice(0, 100)
}

/** Parameters without the envelope, which is between us and the client alone. */
export function withoutEnvelope(params: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { _meta: meta, ...rest } = params
  if (!isObject(meta)) return params
  const others: Record<string, unknown> = {}
  let any = false
  for (const key in meta) {
    if (envelope.has(key)) continue
    // Assigned, this name would be another thing than a member.
    if (key === '__proto__') Object.defineProperty(others, key, { value: meta[key], enumerable: true })
    else others[key] = meta[key]
    any = true
  }
  return any ? { ...rest, _meta: others } : rest
}

import { boundText } from '@bir/sdk/contract/audit-limits'
import { isObject } from '../json/is-object.ts'
import { ENVELOPE_KEYS } from './facts/envelope-keys.ts'
import type { ClientFacts } from './notification.ts'

/** The `_meta` key with which a modern client asks for log messages. */
const logLevelKey = 'io.modelcontextprotocol/logLevel'
const plainPattern = /^[\x20-\x7e]*$/
const envelopeKeys = new Set<string>([ENVELOPE_KEYS.version, ENVELOPE_KEYS.capabilities, ENVELOPE_KEYS.client, logLevelKey])

/** What a modern client declares about itself on every request. */
export function modernClientFacts(params: Readonly<Record<string, unknown>>): ClientFacts {
  const meta = isObject(params['_meta']) ? params['_meta'] : {}
  const { [ENVELOPE_KEYS.capabilities]: capabilities, [ENVELOPE_KEYS.client]: info, [logLevelKey]: logLevel } = meta
  return {
    capabilities: isObject(capabilities) ? capabilities : {},
    info: isObject(info) ? info : undefined,
    logLevel: typeof logLevel === 'string' ? logLevel : undefined,
  }
}

/**
 * Name and version of a client, for the audit record only: without control characters and not longer than 100
 * characters.
 */
export function clientName(info: unknown): string | undefined {
  if (!isObject(info) || typeof info['name'] !== 'string') return undefined
  const version = typeof info['version'] === 'string' ? `/${info['version']}` : ''
  const name = `${info['name']}${version}`
  return boundText(plainPattern.test(name) ? name : name.replaceAll(/\p{C}/gu, ''), 100)
}

/** The parameters without the envelope, which concerns only the client and the gateway. */
export function withoutEnvelope(params: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { _meta: meta, ...rest } = params
  if (!isObject(meta)) return params
  const otherMeta: Record<string, unknown> = {}
  let hasOtherMeta = false
  for (const key in meta) {
    if (envelopeKeys.has(key)) continue
    // An assignment to `__proto__` would set the prototype instead of a member.
    if (key === '__proto__') Object.defineProperty(otherMeta, key, { value: meta[key], enumerable: true })
    else otherMeta[key] = meta[key]
    hasOtherMeta = true
  }
  return hasOtherMeta ? { ...rest, _meta: otherMeta } : rest
}

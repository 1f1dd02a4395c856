import { GatewayError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { isObject } from '../json/is-object.ts'
import type { Sealer } from '../runtime/sealer.ts'
import { LEGACY_VERSIONS } from '../protocol/versions.ts'

export const SESSION_LIFE_MS = 24 * 60 * 60 * 1000
const maxBytes = 4_096
const maxInfoChars = 1024
const maxTextChars = 200
const uiExtension = 'io.modelcontextprotocol/ui'

/** The state of a legacy session. It is sealed into the session id itself, so no plane needs to store it. */
const Session = z.object({
  id: z.string(),
  version: z.enum(LEGACY_VERSIONS),
  endpoint: z.string(),
  /** The plane that holds the rest: log level, subscriptions, open streams. */
  home: z.string(),
  capabilities: z.record(z.string(), z.unknown()),
  info: z.record(z.string(), z.unknown()).optional(),
})
export type Session = z.infer<typeof Session>

/** The time at which a session began. Its id, a UUIDv7, holds it. */
export const createdAtMs = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/**
 * Seals a session into its id. Where a client declared more than fits a header, capabilities and extensions that are
 * not known here are left out; throws when that does not suffice.
 */
export function sealSession(sealer: Sealer, person: string, full: Session, nowMs: number): string {
  const whole = { ...full, info: full.info && briefInfo(full.info) }
  const isLong = JSON.stringify(whole).length > maxBytes
  const session = isLong ? { ...whole, capabilities: briefCapabilities(full.capabilities) } : whole
  if (JSON.stringify(session).length > maxBytes) {
    throw new GatewayError('invalidParams', 'a session too large to seal', {
      publicMessage: 'The client declares more capabilities than a session can hold.',
    })
  }
  return sealer.seal('session', person, session, nowMs + SESSION_LIFE_MS)
}

/** What of a client's capabilities the protocol or the gateway knows. `experimental` is known to neither. */
const knownCapabilities = ['roots', 'sampling', 'elicitation']

function briefCapabilities(capabilities: Session['capabilities']): Session['capabilities'] {
  const { extensions } = capabilities
  const known = members(capabilities, knownCapabilities)
  return isObject(extensions) ? { ...known, extensions: members(extensions, [uiExtension]) } : known
}

const members = (object: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(object, key) ? [[key, object[key]]] : [])))

/** A client's description of itself, without what makes it long: a session needs its name, and no picture of it. */
function briefInfo(info: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (JSON.stringify(info).length <= maxInfoChars) return info
  const texts = ['name', 'title', 'version'].map((key) => [key, info[key]] as const)
  return Object.fromEntries(texts.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text.slice(0, maxTextChars)]] : [])))
}

/** Opens a session id. Throws `unknownSession` when it is altered, expired, or of another person or endpoint. */
export function openSession(sealer: Sealer, person: string, sealed: string, endpoint: string, nowMs: number): Session {
  const session = Session.safeParse(sealer.open('session', person, sealed, nowMs))
  if (!session.success) throw new GatewayError('unknownSession', 'the session id does not open for this person')
  if (session.data.endpoint !== endpoint) throw new GatewayError('unknownSession', 'the session belongs to another endpoint')
  return session.data
}

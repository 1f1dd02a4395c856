import type { BindingClaim } from '@bir/sdk/binding'
import type { Subject } from '@bir/sdk/contract/subject'
import type { Policy } from '@bir/sdk/contract/policy'
import type { EndedPersonalToken } from '@bir/sdk/contract/snapshot'
import type { IsInside } from '@bir/sdk/network'
import type { Endpoint } from '../../http/endpoint.ts'
import type { TokenFault } from './unauthenticated.ts'

/** A token whose holder is known: the claims of a verified access token, or what the policy says of a personal one. */
export interface Token {
  readonly subject: Subject
  readonly tokenId: string
  readonly sessionId: string | undefined
  readonly clientId: string
  readonly actor: string | undefined
  readonly audience: readonly string[]
  readonly issuedAtS: number
  readonly expiresAtS: number
  readonly revision: number
  /** For whom it was issued; undefined for a token that anybody may use who has it. */
  readonly binding: BindingClaim | undefined
  /** Set for a personal access token. */
  readonly personal: PersonalToken | undefined
}

interface PersonalToken {
  /** Its SHA-256 in hexadecimal: the policy names the good ones. */
  readonly hash: string
  /** Good for these servers alone; undefined: for all, also at `/mcp`. */
  readonly servers: readonly string[] | undefined
  /** Good from these addresses alone. */
  readonly isInside: IsInside | undefined
}

/** Clocks differ. An expiry that a person chose is exact all the same. */
const skewS = 30

/** The last moment at which a token is accepted, in milliseconds since 1970. */
export const tokenEndMs = ({ expiresAtS, personal }: Token): number => (expiresAtS + (personal ? 0 : skewS)) * 1000

/** Whether a token is good, and whether it is so only because no control plane can be reached to renew it. */
export type Standing = { readonly fault: TokenFault } | { readonly fault: undefined; readonly isOffline: boolean }

/** What of a `PolicySource` decides how a token stands. */
interface Source {
  current(): Policy
  isAway(): boolean
  freshAtMs(): number
}

/** How a verified token stands now and at this endpoint. */
export function standingOf(source: Source, token: Token, endpoint: Endpoint, nowMs: number): Standing {
  const policy = source.current()
  const isExpired = nowMs > tokenEndMs(token)
  if (isExpired && nowMs > offlineEndMs(source, token)) return { fault: 'token-expired' }
  if (!reaches(token, endpoint)) return { fault: 'token-wrong-audience' }
  const fault = revocationOf(policy, token)
  if (fault !== undefined) return { fault }
  return isExpired ? offline : good
}

const good: Standing = { fault: undefined, isOffline: false }
const offline: Standing = { fault: undefined, isOffline: true }

/**
 * Until when a token that this plane accepted before is good for reading after its end, in milliseconds since 1970;
 * -Infinity while a control plane answers, because a client can renew it there. Only verified tokens come here, and
 * none is verified after its end: one that is at hand was accepted before.
 */
export function offlineEndMs(source: Source, token: Token): number {
  if (token.personal || !source.isAway()) return -Infinity
  const { offlineReadMs, staleReadMs } = source.current().settings
  return offlineReadMs === 0 ? -Infinity : Math.min(tokenEndMs(token) + offlineReadMs, source.freshAtMs() + staleReadMs)
}

/**
 * The reason why a token that was good is so no more, whatever its age; undefined when there is none. It is
 * `token-expired` only for a personal token that the policy names as good no more, and of which it says that time alone
 * ended it.
 */
export function revocationOf(
  { revoked, personalTokens, endedPersonalTokens }: Pick<Policy, 'revoked' | 'personalTokens' | 'endedPersonalTokens'>,
  token: Token,
): TokenFault | undefined {
  if (revoked.tokens.has(token.tokenId)) return 'token-revoked'
  if (token.personal && !personalTokens.has(token.personal.hash)) return endOf(endedPersonalTokens.get(token.personal.hash))
  if (token.sessionId !== undefined && revoked.sessions.has(token.sessionId)) return 'session-revoked'
  if (token.issuedAtS < (revoked.epochs.get(token.subject.id) ?? 0)) return 'token-before-epoch'
  return undefined
}

/** Of a token that the policy does not know any more nobody can tell: it counts as revoked. */
const endOf = (ended: EndedPersonalToken | undefined): TokenFault => (!ended || ended.revoked ? 'token-revoked' : 'token-expired')

/** A token for `…/mcp` is valid for `…/mcp/*` too. A token for `…/mcp/gitlab` is valid only there. */
function reaches({ audience, personal }: Token, { resource, server }: Endpoint): boolean {
  if (personal) return personal.servers === undefined || (server !== undefined && personal.servers.includes(server))
  return audience.some((one) => one === resource || (one.endsWith('/mcp') && resource.startsWith(`${one}/`)))
}

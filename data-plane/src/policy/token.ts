import type { Subject } from '@bir/sdk/contract/subject'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../http/endpoint.ts'
import type { TokenFault } from './unauthenticated.ts'

/** The claims of a verified access token. */
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
}

const skewS = 30

/** The last moment at which a token is accepted, in milliseconds since 1970. */
export const tokenEndMs = ({ expiresAtS }: Token): number => (expiresAtS + skewS) * 1000

/** The reason to refuse a verified token now and at this endpoint; undefined when there is none. */
export function tokenFault({ revoked }: Policy, token: Token, endpoint: Endpoint, nowS: number): TokenFault | undefined {
  if (nowS * 1000 > tokenEndMs(token)) return 'token-expired'
  if (!token.audience.some((audience) => reaches(audience, endpoint.resource))) return 'token-wrong-audience'
  return revocationOf({ revoked }, token)
}

/** The reason why a token that was good is so no more, whatever its age; undefined when there is none. */
export function revocationOf({ revoked }: Pick<Policy, 'revoked'>, token: Token): TokenFault | undefined {
  if (revoked.tokens.has(token.tokenId)) return 'token-revoked'
  if (token.sessionId !== undefined && revoked.sessions.has(token.sessionId)) return 'session-revoked'
  if (token.issuedAtS < (revoked.epochs.get(token.subject.id) ?? 0)) return 'token-before-epoch'
  return undefined
}

/** A token for `…/mcp` is valid for `…/mcp/*` too. A token for `…/mcp/gitlab` is valid only there. */
const reaches = (audience: string, resource: string) =>
  audience === resource || (audience.endsWith('/mcp') && resource.startsWith(`${audience}/`))

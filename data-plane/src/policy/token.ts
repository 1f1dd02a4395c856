import type { Subject } from '@bir/sdk/contract/subject'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Policy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../http/endpoint.ts'

/** A token that was found good. */
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

/** Until when a token opens anything, by the clock on the wall. */
export const tokenEndMs = ({ expiresAtS }: Token): number => (expiresAtS + skewS) * 1000

/** Why a token that once verified is not good here and now; undefined when it is. */
export function tokenFault({ revoked }: Policy, token: Token, endpoint: Endpoint, nowS: number): string | undefined {
  if (nowS * 1000 > tokenEndMs(token)) return 'token-expired'
  if (!token.audience.some((audience) => reaches(audience, endpoint.resource))) return 'token-wrong-audience'
  if (revoked.tokens.has(token.tokenId)) return 'token-revoked'
  if (token.sessionId !== undefined && revoked.sessions.has(token.sessionId)) return 'session-revoked'
  if (token.issuedAtS < (revoked.epochs.get(token.subject.id) ?? 0)) return 'token-before-epoch'
  return undefined
}

/** A token for `…/mcp` is good for `…/mcp/*`; one for `…/mcp/gitlab` for that alone. */
const reaches = (audience: string, resource: string) =>
  audience === resource || (audience.endsWith('/mcp') && resource.startsWith(`${audience}/`))

export const unauthenticated = (reason: string, cause?: unknown) => new GatewayError('unauthenticated', reason, { reason, cause })

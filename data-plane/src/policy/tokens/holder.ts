import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Token } from './token.ts'

const tokens = new WeakMap<GatewayError, Token>()

/**
 * Notes whose token was refused, for the audit; nothing of it leaves the gateway. Only for a token that the gateway
 * issued: its signature holds, or the policy knows its hash. Anybody can write a name into any other.
 */
export function aboutToken(refusal: GatewayError, token: Token): GatewayError {
  tokens.set(refusal, token)
  return refusal
}

/** The token that the gateway issued and refused with this error; undefined for every other error. */
export const tokenRefusedWith = (refusal: GatewayError): Token | undefined => tokens.get(refusal)

import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { PolicySource } from './source.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'

const maxTokens = 10_000

/** The claims of an access token (RFC 9068). Levels are not in it: the policy decides them. */
const Claims = z.looseObject({
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  client_id: z.string(),
  scope: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  sid: z.string().optional(),
  rev: z.number().optional(),
  act: z.looseObject({ sub: z.string() }).optional(),
})

/**
 * Verifies access tokens by the keys in the policy, without a request to anybody. Verified tokens are cached:
 * `tokenFault` checks expiry and revocation on every call.
 */
export function tokenVerifier(policy: PolicySource): (bearer: string) => Awaitable<Token> {
  const verified = new LRUCache<string, { bearer: string; token: Token }>({ max: maxTokens })
  let keys: readonly PublicJwk[] | undefined
  let keySet: ReturnType<typeof createLocalJWKSet> | undefined

  return function verify(bearer) {
    const { issuer, tokenKeys } = policy.current().keys
    if (tokenKeys !== keys) {
      keys = tokenKeys
      keySet = createLocalJWKSet({ keys: [...tokenKeys] })
      verified.clear()
    }
    const cached = verified.get(tailOf(bearer))
    if (cached?.bearer === bearer) return cached.token
    if (!keySet) throw unauthenticated('token-invalid')
    return verifySignature(bearer, keySet, issuer)
  }

  async function verifySignature(bearer: string, keySet: ReturnType<typeof createLocalJWKSet>, issuer: string): Promise<Token> {
    if (!/^[\w~+/.-]+=*$/.test(bearer)) throw unauthenticated('token-malformed')
    const options = { issuer, typ: 'at+jwt', algorithms: ['EdDSA', 'ES256'], clockTolerance: 30 }
    const { payload } = await jwtVerify(bearer, keySet, options).catch((cause: unknown) => {
      if (!(cause instanceof errors.JWTExpired)) throw unauthenticated('token-invalid', { cause })
      throw unauthenticated('token-expired', { cause, expiresAtS: cause.payload.exp })
    })
    const token = tokenOf(payload)
    verified.set(tailOf(bearer), { bearer, token })
    return token
  }
}

/** The end of the signature: it differs between tokens, and a short key is looked up faster. */
const tailOf = (bearer: string): string => bearer.slice(-32)

function tokenOf(payload: unknown): Token {
  const claims = Claims.safeParse(payload)
  const subject = subjectOf(claims.data?.sub ?? '')
  if (!claims.success || !subject) throw unauthenticated('token-invalid', { cause: claims.error })
  const { aud, client_id, scope, iat, exp, jti, sid, rev = 0, act } = claims.data
  if (!scope.split(' ').includes('mcp')) throw unauthenticated('token-wrong-scope')
  return {
    subject,
    tokenId: jti,
    sessionId: sid,
    clientId: client_id,
    actor: act?.sub,
    audience: typeof aud === 'string' ? [aud] : aud,
    issuedAtS: iat,
    expiresAtS: exp,
    revision: rev,
  }
}

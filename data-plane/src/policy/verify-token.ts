import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { PolicySource } from './source.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './token.ts'

const kept = 10_000

/** The claims of an access token (RFC 9068, house: levels are not in it). */
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

/** Verifies access tokens by the keys in the policy, asking nobody. A token found good is remembered; what may end it early is looked at on every call, elsewhere. */
export function tokenVerifier(policy: PolicySource): (bearer: string) => Awaitable<Token> {
  const good = new Map<string, { bearer: string; token: Token }>()
  let keys: readonly PublicJwk[] | undefined
  let find: ReturnType<typeof createLocalJWKSet> | undefined

  return function verify(bearer) {
    const { issuer, tokenKeys } = policy.current().keys
    if (tokenKeys !== keys) {
      keys = tokenKeys
      find = createLocalJWKSet({ keys: [...tokenKeys] })
      good.clear()
    }
    const known = good.get(tailOf(bearer))
    if (known?.bearer === bearer) return known.token
    if (!find) throw unauthenticated('token-invalid')
    return read(bearer, find, issuer)
  }

  async function read(bearer: string, find: ReturnType<typeof createLocalJWKSet>, issuer: string): Promise<Token> {
    if (!/^[\w~+/.-]+=*$/.test(bearer)) throw unauthenticated('token-malformed')
    const { payload } = await jwtVerify(bearer, find, { issuer, typ: 'at+jwt', algorithms: ['EdDSA', 'ES256'], clockTolerance: 30 }).catch(
      (cause: unknown) => {
        throw unauthenticated(isExpiry(cause) ? 'token-expired' : 'token-invalid', cause)
      },
    )
    const token = tokenOf(payload)
    if (good.size >= kept) good.delete(good.keys().next().value ?? '')
    good.set(tailOf(bearer), { bearer, token })
    return token
  }
}

/** No two signatures end alike, and a short key is found faster. */
const tailOf = (bearer: string): string => bearer.slice(-32)

const isExpiry = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ERR_JWT_EXPIRED'

function tokenOf(payload: unknown): Token {
  const claims = Claims.safeParse(payload)
  const subject = subjectOf(claims.data?.sub ?? '')
  if (!claims.success || !subject) throw unauthenticated('token-invalid', claims.error)
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

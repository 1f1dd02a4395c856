import { BindingClaim } from '@bir/sdk/binding'
import { subjectOf } from '@bir/sdk/contract/subject'
import { z } from 'zod'
import { aboutToken } from './holder.ts'
import { verifiedPayload } from './jws.ts'
import type { VerifyingKeys } from './jws.ts'
import { tokenEndMs } from './token.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'
import type { TokenFault } from './unauthenticated.ts'

/** The claims of an access token (RFC 9068). Levels are not in it: the policy decides them. */
const Claims = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  client_id: z.string(),
  scope: z.string(),
  iat: z.number(),
  exp: z.number(),
  nbf: z.number().optional(),
  jti: z.string(),
  sid: z.string().optional(),
  rev: z.number().optional(),
  act: z.looseObject({ sub: z.string() }).optional(),
  bnd: BindingClaim.optional(),
})
type Claims = z.infer<typeof Claims>

const skewS = 30

/** The token that this text is, good now by its signature, issuer and times. Throws `unauthenticated`. */
export function readAccessToken(bearer: string, keys: VerifyingKeys, issuer: string, nowMs: number): Token {
  const payload = verifiedPayload(bearer, keys, 'at+jwt')
  if (!payload) throw unauthenticated('token-invalid')
  const claims = Claims.safeParse(payload)
  if (!claims.success) throw unauthenticated('token-invalid', { cause: claims.error })
  const token = tokenOf(claims.data)
  if (!token) throw unauthenticated('token-invalid')
  const fault = faultOf(claims.data, issuer, nowMs) ?? (nowMs > tokenEndMs(token) ? 'token-expired' : undefined)
  if (fault !== undefined) throw aboutToken(unauthenticated(fault, token), token)
  return token
}

function faultOf({ iss, nbf = 0, bnd, sid, scope }: Claims, issuer: string, nowMs: number): TokenFault | undefined {
  // What a token is bound to is hashed for its session.
  if (iss !== issuer || nbf > nowMs / 1000 + skewS || (bnd && sid === undefined)) return 'token-invalid'
  return scope.split(' ').includes('mcp') ? undefined : 'token-wrong-scope'
}

/** Undefined for a person who cannot be one. */
function tokenOf({ sub, aud, client_id, iat, exp, jti, sid, rev = 0, act, bnd }: Claims): Token | undefined {
  const subject = subjectOf(sub)
  return (
    subject && {
      subject,
      tokenId: jti,
      sessionId: sid,
      clientId: client_id,
      actor: act?.sub,
      audience: typeof aud === 'string' ? [aud] : aud,
      issuedAtS: iat,
      expiresAtS: exp,
      revision: rev,
      binding: bnd,
      personal: undefined,
    }
  )
}

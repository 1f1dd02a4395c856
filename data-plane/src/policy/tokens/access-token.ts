import { BindingClaim } from '@bir/sdk/binding'
import { subjectOf } from '@bir/sdk/contract/subject'
import { z } from 'zod'
import { verifiedPayload } from './jws.ts'
import type { VerifyingKeys } from './jws.ts'
import { tokenEndMs } from './token.ts'
import type { Token } from './token.ts'
import { unauthenticated } from './unauthenticated.ts'

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

const skewS = 30

/** The token that this text is, good now by its signature, issuer and times. Throws `unauthenticated`. */
export function readAccessToken(bearer: string, keys: VerifyingKeys, issuer: string, nowMs: number): Token {
  const payload = verifiedPayload(bearer, keys, 'at+jwt')
  if (!payload) throw unauthenticated('token-invalid')
  const claims = Claims.safeParse(payload)
  if (!claims.success) throw unauthenticated('token-invalid', { cause: claims.error })
  const token = tokenOf(claims.data, issuer, nowMs)
  if (nowMs > tokenEndMs(token)) throw unauthenticated('token-expired', token)
  return token
}

function tokenOf({ sub, ...claims }: z.infer<typeof Claims>, issuer: string, nowMs: number): Token {
  const subject = subjectOf(sub)
  const { aud, client_id, scope, iat, exp, nbf = 0, jti, sid, rev = 0, act, bnd } = claims
  // What a token is bound to is hashed for its session.
  if (!subject || claims.iss !== issuer || nbf > nowMs / 1000 + skewS || (bnd && sid === undefined)) throw unauthenticated('token-invalid')
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
    binding: bnd,
    personal: undefined,
  }
}

import { BindingClaim } from '@bir/sdk/binding'
import { compactVerify, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { KeyRing } from '../../keys/key-ring.ts'
import { Act } from './act.ts'

export const LIFE_SECONDS = 10 * 60
const skewSeconds = 30

export interface AccessToken {
  /** The person's id. */
  subject: string
  audience: string
  clientId: string
  /** The newest revision when the token was issued. A plane with an older one waits until it has this revision. */
  revision: number
  issuedAtSeconds: number
  lifeSeconds: number
  jti: string
  sid: string
  /** Whom it was issued to. Undefined: whoever has it may use it. */
  binding?: BindingClaim | undefined
  /** Set when somebody else acts for the person, such as an operator. */
  actor?: string | undefined
  /** Who acted before that actor. */
  actedBefore?: Act | undefined
}

/** Signs an access token (RFC 9068). It holds no permissions: the policy decides at each call. */
export function signAccessToken(keys: KeyRing, issuer: string, token: AccessToken): Promise<string> {
  const { privateKey, kid, jwk } = keys.tokenKey()
  const claims = {
    client_id: token.clientId,
    scope: 'mcp',
    sid: token.sid,
    rev: token.revision,
    ...(token.binding === undefined ? {} : { bnd: token.binding }),
    ...(token.actor === undefined ? {} : { act: { sub: token.actor, ...(token.actedBefore && { act: token.actedBefore }) } }),
  }
  return new SignJWT(claims)
    .setProtectedHeader({ alg: jwk.alg, typ: 'at+jwt', kid })
    .setIssuer(issuer)
    .setSubject(token.subject)
    .setAudience(token.audience)
    .setIssuedAt(token.issuedAtSeconds)
    .setExpirationTime(token.issuedAtSeconds + token.lifeSeconds)
    .setJti(token.jti)
    .sign(privateKey)
}

const Claims = z.looseObject({
  sub: z.uuid(),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  sid: z.string(),
  client_id: z.string(),
  act: Act.optional(),
  bnd: BindingClaim.optional(),
})
export type AccessClaims = z.infer<typeof Claims>

/** Throws unless we issued the token, for this audience, and it has not expired. */
export async function verifyAccessToken(keys: KeyRing, issuer: string, audience: string, token: string): Promise<AccessClaims> {
  const { payload } = await jwtVerify(token, keyOf(keys), { issuer, audience, typ, algorithms, clockTolerance: skewSeconds })
  return Claims.parse(payload)
}

const typ = 'at+jwt'
const algorithms = ['EdDSA', 'ES256']

function keyOf(keys: KeyRing) {
  const keysById = new Map(keys.tokenKeys().map((jwk) => [jwk.kid, jwk]))
  return ({ kid = '' }: { kid?: string }) => keysById.get(kid) ?? Promise.reject(new errors.JWKSNoMatchingKey())
}

/** What a token says that we issued, good or not: the audit names whose it is. Undefined: it is none of ours. */
export async function issuedClaims(keys: KeyRing, token: string): Promise<AccessClaims | undefined> {
  try {
    const { payload, protectedHeader } = await compactVerify(token, keyOf(keys), { algorithms })
    return protectedHeader.typ === typ ? Claims.parse(JSON.parse(Buffer.from(payload).toString())) : undefined
  } catch {
    return undefined
  }
}

/** Whether it has expired since it was verified. */
export const hasExpired = ({ exp }: Pick<AccessClaims, 'exp'>): boolean => exp + skewSeconds <= Date.now() / 1000

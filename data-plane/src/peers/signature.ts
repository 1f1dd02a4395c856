import { createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import type { Identity } from '../control/identity.ts'

const lifeS = 60
const skewS = 30

/** What one plane says to another with a request it hands on. */
const Claims = z.object({
  iss: z.uuid(),
  aud: z.uuid(),
  iat: z.number(),
  exp: z.number(),
  /** SHA-256 of method, path and body. */
  dig: z.string(),
  /** Where the client called from. */
  ip: z.string(),
})
export type PeerClaims = Pick<z.infer<typeof Claims>, 'iss' | 'ip'>

const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'bir-handed+jwt' })).toString('base64url')

/** Signs that this plane hands this very request to that one (EdDSA JWT, 60 s). */
export function peerSigner({ id, signingKey }: Identity): (to: string, digest: string, ip: string) => string {
  const key = createPrivateKey({ key: signingKey, format: 'jwk' })
  return (to, digest, ip) => {
    const iat = Math.floor(Date.now() / 1000)
    const payload = Buffer.from(JSON.stringify({ iss: id, aud: to, iat, exp: iat + lifeS, dig: digest, ip })).toString('base64url')
    return `${header}.${payload}.${sign(null, Buffer.from(`${header}.${payload}`), key).toString('base64url')}`
  }
}

/** Undefined for anything that a plane of the roster did not sign for us, for this request, now. */
export function verifyPeer(
  jwt: string,
  us: string,
  digest: string,
  keyOf: (plane: string) => PublicJwk | undefined,
  nowS: number,
): PeerClaims | undefined {
  const [head = '', payload = '', signature = ''] = jwt.split('.')
  const claims = Claims.safeParse(parsed(payload))
  const jwk = claims.success && head === header ? keyOf(claims.data.iss) : undefined
  if (!claims.success || !jwk || !verify(null, Buffer.from(`${head}.${payload}`), publicKey(jwk), Buffer.from(signature, 'base64url')))
    return undefined
  const { iss, aud, iat, exp, dig, ip } = claims.data
  const timely = iat <= nowS + skewS && nowS <= exp + skewS && exp - iat <= lifeS
  return timely && aud === us && dig === digest ? { iss, ip } : undefined
}

export const requestDigest = (method: string, path: string, body: string): string => hash('sha256', `${method} ${path}\n${body}`, 'hex')

const keys = new WeakMap<PublicJwk, KeyObject>()

function publicKey(jwk: PublicJwk): KeyObject {
  const known = keys.get(jwk) ?? createPublicKey({ key: jwk, format: 'jwk' })
  keys.set(jwk, known)
  return known
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

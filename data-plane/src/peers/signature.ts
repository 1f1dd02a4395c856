import { decodeJwt, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { eddsaKey } from '../control/eddsa-key.ts'
import type { Identity } from '../control/identity.ts'
import type { Sender } from '../http/sender.ts'
import { sha256Hex } from '../runtime/sha256.ts'

const lifeS = 60
const skewS = 30

/** Planes of the version before compare the encoded header byte by byte: keep its members and their order. */
const protectedHeader = { alg: 'EdDSA', typ: 'bir-handed+jwt' }

/** What one plane states to another about a request that it forwards. */
const Claims = z.object({
  iss: z.uuid(),
  aud: z.uuid(),
  iat: z.number(),
  exp: z.number(),
  /** SHA-256 of method, path and body. */
  dig: z.string(),
  /** The IP address of the client. */
  ip: z.string(),
  /** The user agent of the client; null when it sent none. Planes of earlier versions do not say it. */
  ua: z.string().nullable().optional(),
})
export type PeerClaims = Pick<z.infer<typeof Claims>, 'iss' | 'ip' | 'ua' | 'dig'>

/** Signs that this plane forwards the request with this digest, which came from this sender, to that plane. */
export type SignForPeer = (to: string, digest: string, sender: Sender) => Promise<string>

/** Signs that this plane forwards exactly this request to that plane (EdDSA JWT, 60 s). */
export function peerSigner({ id, signingKey }: Identity): SignForPeer {
  return async (to, digest, { ip, userAgent = null }) => {
    // The clock is read once: between two readings a second may pass, and a life of 61 s is refused.
    const iat = Math.floor(Date.now() / 1000)
    return new SignJWT({ iss: id, aud: to, iat, exp: iat + lifeS, dig: digest, ip, ua: userAgent })
      .setProtectedHeader(protectedHeader)
      .sign(await eddsaKey(signingKey))
  }
}

/**
 * Resolves with undefined unless a plane of the roster signed this JWT for this plane just now. It speaks for the one
 * request whose digest is `dig`: the caller compares that, once the request has arrived.
 */
export async function verifyPeer(
  jwt: string,
  us: string,
  keyOf: (plane: string) => PublicJwk | undefined,
  nowS: number,
): Promise<PeerClaims | undefined> {
  const claims = await verifiedClaims(jwt, us, keyOf, nowS).catch(() => undefined)
  if (!claims) return undefined
  const { iss, iat, exp, dig, ip, ua } = claims
  const isTimely = iat <= nowS + skewS && exp - iat <= lifeS
  return isTimely ? { iss, ip, ua, dig } : undefined
}

/** Rejects unless signature, header, issuer, audience and expiry are right. */
async function verifiedClaims(jwt: string, us: string, keyOf: (plane: string) => PublicJwk | undefined, nowS: number) {
  const { iss: issuer = '' } = decodeJwt(jwt)
  const jwk = keyOf(issuer)
  if (!jwk) throw new Error('the issuer is not in the roster')
  const { payload } = await jwtVerify(jwt, await eddsaKey(jwk), {
    algorithms: [protectedHeader.alg],
    typ: protectedHeader.typ,
    issuer,
    audience: us,
    clockTolerance: skewS,
    currentDate: new Date(nowS * 1000),
  })
  return Claims.parse(payload)
}

export const requestDigest = (method: string, path: string, body: string): string => sha256Hex(`${method} ${path}\n${body}`)

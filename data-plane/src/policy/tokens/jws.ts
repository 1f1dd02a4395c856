import { createPublicKey, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { isObject } from '../../json/is-object.ts'

/** A key that verifies, and the one algorithm that it verifies with: a token has no say in that (RFC 8725 §3.1). */
interface VerifyingKey {
  readonly alg: string
  verifies(signed: Buffer, signature: Buffer): boolean
}

/** By `kid`. */
export type VerifyingKeys = ReadonlyMap<string, VerifyingKey>

/** Reads the keys of the policy. One of a kind that this plane does not know is left out: its tokens are refused. */
export function readVerifyingKeys(jwks: readonly PublicJwk[]): VerifyingKeys {
  return new Map(
    jwks.flatMap((jwk): [string, VerifyingKey][] => {
      const key = verifyingKeyOf(jwk)
      return key ? [[jwk.kid, key]] : []
    }),
  )
}

function verifyingKeyOf(jwk: PublicJwk): VerifyingKey | undefined {
  const { alg, kty, crv } = jwk
  if (alg === 'EdDSA' && kty === 'OKP' && crv === 'Ed25519') {
    const key = keyObjectOf(jwk)
    return key && { alg, verifies: (signed, signature) => verify(null, signed, key, signature) }
  }
  if (alg !== 'ES256' || kty !== 'EC' || crv !== 'P-256') return undefined
  const key = keyObjectOf(jwk)
  return key && { alg, verifies: (signed, signature) => verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature) }
}

function keyObjectOf(jwk: PublicJwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Both algorithms have signatures of this size (RFC 8037 §3.1, RFC 7518 §3.4). */
const signatureBytes = 64
const maxChars = 16_384
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * The payload of a compact JWS (RFC 7515 §7.1) of this type, signed by one of these keys. Undefined for anything else.
 * Strict where a lenient reader could be led to read what another reads otherwise: a header that must be understood
 * (`crit`) is not, JSON has no member twice and no spaces, and a signature has one spelling.
 */
export function verifiedPayload(jws: string, keys: VerifyingKeys, typ: string): Record<string, unknown> | undefined {
  if (jws.length > maxChars || !compact.test(jws)) return undefined
  const [head = '', payload = '', signature = ''] = jws.split('.')
  const header = objectOf(head)
  if (!header || header['typ'] !== typ || Object.hasOwn(header, 'crit') || typeof header['kid'] !== 'string') return undefined
  const key = keys.get(header['kid'])
  if (!key || header['alg'] !== key.alg) return undefined
  const signatureGiven = Buffer.from(signature, 'base64url')
  if (signatureGiven.length !== signatureBytes || signatureGiven.toString('base64url') !== signature) return undefined
  if (!key.verifies(Buffer.from(jws.slice(0, head.length + 1 + payload.length), 'latin1'), signatureGiven)) return undefined
  return objectOf(payload)
}

/** An object as `JSON.stringify` writes it, which is how tokens are written. */
function objectOf(base64url: string): Record<string, unknown> | undefined {
  const text = Buffer.from(base64url, 'base64url').toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && JSON.stringify(value) === text ? value : undefined
  } catch {
    return undefined
  }
}

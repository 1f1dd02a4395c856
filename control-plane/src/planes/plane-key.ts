import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { calculateJwkThumbprint } from 'jose'
import { z } from 'zod'
import { Refusal } from '../base/http.ts'

type Curve = 'Ed25519' | 'X25519'

/**
 * Keeps only the fields of a public key of this curve. Its `kid` becomes its thumbprint. Refuses a key that protects
 * nothing: anybody can sign for it, or open what is sealed to it.
 */
export async function publicOnly(key: PublicJwk, curve: Curve, alg: string): Promise<PublicJwk> {
  const jwk = z.object({ kty: z.literal('OKP'), crv: z.literal(curve), x: z.string() }).safeParse(key).data
  const publicKey = jwk && readKey(jwk)
  if (!publicKey) throw new Refusal(400, 'invalid_request', `Not a public ${curve} key as a JWK.`)
  const isWeak = curve === 'Ed25519' ? isSmallOrderSigningKey(jwk.x) : isSmallOrderSealingKey(publicKey)
  if (isWeak)
    throw new Refusal(400, 'invalid_request', `The ${curve} key of the plane protects nothing: it is a point of small order. ${mend}`)
  return { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) }
}

const mend = 'The plane must make a new pair of keys.'

function readKey(jwk: { kty: string; crv: string; x: string }): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Whether every exchange with this key gives zero (RFC 7748, section 6.1). OpenSSL refuses to derive that. */
function isSmallOrderSealingKey(publicKey: KeyObject): boolean {
  const { privateKey } = generateKeyPairSync('x25519')
  try {
    diffieHellman({ privateKey, publicKey })
    return false
  } catch {
    return true
  }
}

const p = 2n ** 255n - 19n

/**
 * Whether the order of this point divides 8, by its y (RFC 8032, section 5.1), or its y is not below p, which no
 * encoder writes. OpenSSL takes both. In points of order 1, 2 and 4, y is 1, -1 and 0. Doubling a point of order 8
 * gives y = 0, so y² = -x² there. The equation of the curve, times 121666, is then
 * -121665 y⁴ + 2 · 121666 y² - 121666 = 0.
 */
function isSmallOrderSigningKey(x: string): boolean {
  const bytes = Buffer.from(x, 'base64url').reverse()
  const y = BigInt.asUintN(255, BigInt(`0x${bytes.toString('hex')}`))
  const square = (y * y) % p
  const ofOrder8 = -121_665n * square * square + 2n * 121_666n * square - 121_666n
  return y >= p || y === 0n || square === 1n || ofOrder8 % p === 0n
}

import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload } from 'jose'

/** Signatures with a key that only the client has. No shared secret, and no `none`. */
const algorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const skewSeconds = 30
const maxLifeSeconds = 5 * 60
const maxIdLength = 256

/** Headers that would bring a key along, or say where to fetch one: only the registered keys count. */
const foreignKeyHeaders = ['jwk', 'jku', 'x5c', 'x5u']

/** Tokens of other kinds name their kind; a client assertion names this one, or none. */
const types = ['jwt', 'client-authentication+jwt']

/** Why an assertion is refused: a clause for whoever builds the client. */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault'
  /** None of the keys fits: the client may have new ones. */
  readonly isUnknownKey: boolean

  constructor(message: string, isUnknownKey = false) {
    super(message)
    this.isUnknownKey = isUnknownKey
  }
}

/** The client that the assertion says it is of. Nothing is verified yet. */
export function clientOfAssertion(assertion: string): string {
  try {
    const { alg = '', typ = 'JWT', ...header } = decodeProtectedHeader(assertion)
    const { iss, sub } = decodeJwt(assertion)
    const found = foreignKeyHeaders.find((name) => name in header)
    if (found !== undefined) throw new AssertionFault(`its header ${found} names a key, and only registered keys count`)
    if (!algorithms.includes(alg)) throw new AssertionFault(`its alg must be one of ${algorithms.join(', ')}`)
    if (!types.includes(typ.toLowerCase())) throw new AssertionFault('its typ is that of another kind of token')
    if (typeof iss !== 'string' || iss !== sub) throw new AssertionFault('iss and sub must both be the client_id')
    return iss
  } catch (error) {
    throw error instanceof AssertionFault ? error : new AssertionFault('it is no JWT')
  }
}

interface Expected {
  clientId: string
  /** The issuer, and the token endpoint. */
  audiences: readonly string[]
  keys: JSONWebKeySet
}

/** What must be remembered so that the assertion is used once. */
export interface AssertionUse {
  jti: string
  expiresAt: Date
}

/**
 * Verifies an assertion of a client (RFC 7523, section 3): signed with one of its keys, for us alone, good for 5
 * minutes at most, with a `jti`. Throws an `AssertionFault`.
 */
export async function verifyClientAssertion(assertion: string, { clientId, audiences, keys }: Expected): Promise<AssertionUse> {
  const { aud, exp = 0, iat, jti } = await verified(assertion, clientId, keys)
  // With a second audience, that one could use the assertion here.
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  if (typeof audience !== 'string' || !audiences.includes(audience)) throw new AssertionFault(`its aud must be ${audiences[0]} alone`)
  const nowSeconds = Date.now() / 1000
  if (exp > nowSeconds + maxLifeSeconds + skewSeconds) throw new AssertionFault('it must expire within 5 minutes')
  if (iat !== undefined && iat > nowSeconds + skewSeconds) throw new AssertionFault('it is from the future: set the clock of the client')
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength)
    throw new AssertionFault('it needs a jti, which no other assertion has')
  return { jti, expiresAt: new Date((exp + skewSeconds) * 1000) }
}

async function verified(assertion: string, clientId: string, keys: JSONWebKeySet): Promise<JWTPayload> {
  const expected = { issuer: clientId, subject: clientId, algorithms, clockTolerance: skewSeconds, requiredClaims: ['exp', 'aud', 'jti'] }
  try {
    return (await jwtVerify(assertion, createLocalJWKSet(keys), expected)).payload
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys) return firstThatFits(error, (key) => jwtVerify(assertion, key, expected))
    throw faultOf(error)
  }
}

type Verify = (key: CryptoKey) => Promise<{ payload: JWTPayload }>

/** Keys without a `kid` may all fit the header. */
async function firstThatFits(keys: errors.JWKSMultipleMatchingKeys, verify: Verify): Promise<JWTPayload> {
  for await (const key of keys) {
    try {
      return (await verify(key)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw faultOf(error)
    }
  }
  throw new AssertionFault('its signature is not of any key of the client', true)
}

function faultOf(error: unknown): AssertionFault {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed)
    return new AssertionFault('its signature is not of any key of the client', true)
  if (error instanceof errors.JWTExpired) return new AssertionFault('it has expired, or the clock of the client is wrong')
  if (error instanceof errors.JWTClaimValidationFailed) return new AssertionFault(`its claim ${error.claim} is missing or wrong`)
  return new AssertionFault('it cannot be verified')
}

import { jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import { SKEW_S } from './client.ts'
import type { Connection, Issuer } from './discover.ts'
import { clockFault } from '../faults/explain-fault.ts'

const algorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']

interface Signer {
  provider: Issuer
  connection: Connection
  nowMs: () => number
}

/**
 * The claims of a token that the provider signed, for this audience and for now. Its keys are read again once when the
 * token names one that is not known. Throws errors of `jose`, or a `ProviderFault` when the provider does not answer.
 */
export async function verifySigned(
  { provider, connection, nowMs }: Signer,
  token: string,
  { audience, typ }: { audience: string; typ?: string },
): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, connection.keys, {
    issuer: provider.issuer,
    audience,
    algorithms,
    clockTolerance: SKEW_S,
    currentDate: new Date(nowMs()),
    requiredClaims: ['exp', 'sub'],
    ...(typ === undefined ? {} : { typ }),
  })
  const aheadMs = (payload.iat ?? 0) * 1000 - nowMs()
  if (aheadMs > SKEW_S * 1000) throw clockFault(provider.handle, aheadMs, nowMs())
  return payload
}

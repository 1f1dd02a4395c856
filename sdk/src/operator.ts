import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { importJWK, SignJWT } from 'jose'
import { z } from 'zod'

/** The content of `operator.key`: a private Ed25519 key as a JWK (RFC 8037). Who can read the file is the operator. */
export const OperatorKey = z.looseObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), d: z.string(), x: z.string() })
export type OperatorKey = z.infer<typeof OperatorKey>

/** The operator of an embedded gateway (stage local). */
export interface Operator {
  /**
   * Signs an assertion that is good for one request within a minute (a JWT, RFC 7523 section 3). Without a person it
   * is a bearer token for the control plane's API. With a person it can be exchanged for an access token of that
   * person. With `request` it is good for that method and address alone (the claims `htm` and `htu` of RFC 9449).
   */
  signAssertion(person?: string, request?: { method: string; url: string }): Promise<string>
}

const lifeSeconds = 60

/**
 * `issuer` is the gateway's OAuth issuer, the audience of the
 * assertions. `osUser` is recorded as `operator:<osUser>`.
 */
export async function createOperator(key: OperatorKey, { issuer, osUser }: { issuer: string; osUser: string }): Promise<Operator> {
  const privateKey = await importJWK(key, 'EdDSA')
  return {
    signAssertion: (person, request) =>
      new SignJWT({ ...(person !== undefined && { sub: person }), ...(request && { htm: request.method, htu: withoutQuery(request.url) }) })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'bir-operator+jwt' })
        .setIssuer(`operator:${osUser}`)
        .setAudience(issuer)
        .setIssuedAt()
        .setExpirationTime(`${lifeSeconds}s`)
        .setJti(randomUUID())
        .sign(privateKey),
  }
}

const withoutQuery = (url: string) => url.replace(/[?#].*$/, '')

/** The name of the user who runs this process; the user's number where it has no name, as in some containers. */
export function readOsUser(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { SignJWT, importJWK } from 'jose'
import type { OperatorKey } from './home.ts'

/** A proof that lasts a minute: of the operator alone, or acting for a person. */
export async function operatorAssertion(key: OperatorKey, issuer: string, person?: string): Promise<string> {
  return new SignJWT(person === undefined ? {} : { sub: person })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'bir-operator+jwt' })
    .setIssuer(`operator:${osUser()}`)
    .setAudience(issuer)
    .setIssuedAt()
    .setExpirationTime('60s')
    .setJti(randomUUID())
    .sign(await importJWK(key, 'EdDSA'))
}

/** A container may run as a number that has no name. */
function osUser(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { jwtVerify } from 'jose'
import { z } from 'zod'
import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { clockOffOf, clockText } from '../base/clock.ts'
import { isLocal } from '../base/http.ts'
import { isFirstUse } from './used-once.ts'

const lifeSeconds = 60
const skewSeconds = 30

const Claims = z.looseObject({
  iss: z.string().regex(/^operator:[^\p{C}]{1,64}$/u),
  sub: z.string().optional(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string().min(1).max(128),
  htm: z.string().optional(),
  htu: z.string().optional(),
})

interface Operator {
  /** A name such as `operator:root`. */
  label: string
  /** The person that a token is requested for; undefined when the operator acts in their own name. */
  person: string | undefined
  jti: string
  expiresAt: Date
}

/** An assertion of an operator that is not taken. Whoever sent it may see the message. */
export class AssertionFault extends Error {
  override readonly name = 'AssertionFault'
}

export interface OperatorVerifier {
  /**
   * Resolves with the operator. Rejects with an `AssertionFault`. Whoever acts on it uses it up first (`useOnce`).
   */
  verify: (assertion: string, request: AssertedRequest) => Promise<Operator>
}

/** The request that an assertion came with. */
export interface AssertedRequest {
  isLocal: boolean
  method: string
  path: string
}

/** What of a request an assertion is verified against. */
export const assertedRequest = (request: IncomingMessage): AssertedRequest => ({
  isLocal: isLocal(request),
  method: request.method ?? '',
  path: request.url?.split('?')[0] ?? '',
})

interface OperatorParts {
  stage: string
  issuer: string
  operatorKey?: { kty: string; crv: string; x: string } | undefined
}

/**
 * Verifies assertions that the operator key of an embedded gateway signed. Only stage local, on this machine, has it.
 */
export function createOperatorVerifier({ stage, issuer, operatorKey }: OperatorParts): OperatorVerifier {
  const key = stage === 'local' && operatorKey ? createPublicKey({ key: operatorKey, format: 'jwk' }) : undefined
  return {
    async verify(assertion, { isLocal, method, path }) {
      if (!key) throw new AssertionFault('this gateway takes no operator assertions')
      if (!isLocal) throw new AssertionFault('operator assertions are taken from this machine alone')
      const { htm, htu, ...operator } = await verifyAssertion(assertion, key, issuer)
      if (htm !== undefined && htm !== method) throw new AssertionFault('the operator assertion is for another method')
      if (htu !== undefined && URL.parse(htu)?.pathname !== path) throw new AssertionFault('the operator assertion is for another address')
      return operator
    },
  }
}

async function verifyAssertion(
  assertion: string,
  key: KeyObject,
  issuer: string,
): Promise<Operator & Pick<z.infer<typeof Claims>, 'htm' | 'htu'>> {
  const expected = {
    audience: issuer,
    typ: 'bir-operator+jwt',
    algorithms: ['EdDSA'],
    clockTolerance: skewSeconds,
    maxTokenAge: lifeSeconds,
  }
  const { payload } = await jwtVerify(assertion, key, expected).catch((error: Error) => {
    const offMs = clockOffOf(error, Date.now())
    if (offMs !== undefined) throw new AssertionFault(clockText('the machine that asks', offMs, Date.now()))
    throw new AssertionFault(`the operator assertion does not hold: ${error.message}`)
  })
  const claims = Claims.safeParse(payload)
  if (!claims.success) throw new AssertionFault('the operator assertion lacks iss, iat, exp or jti')
  const { iss, sub, iat, exp, jti, htm, htu } = claims.data
  if (exp - iat > lifeSeconds) throw new AssertionFault(`the operator assertion lives for more than ${lifeSeconds} s`)
  return { label: iss, person: sub, jti, expiresAt: new Date((exp + skewSeconds) * 1000), htm, htu }
}

/** Uses an assertion up. Rejects with an `AssertionFault` when it was used before, anywhere. */
export async function useOnce(db: Kysely<Database>, { jti, expiresAt }: Operator): Promise<void> {
  if (!(await isFirstUse(db, `operator ${jti}`, expiresAt)))
    throw new AssertionFault('the operator assertion has been used before: sign one for each request')
}

/** Whether a token claims to be an operator assertion. Nothing about it is verified yet. */
export function looksLikeOperatorAssertion(token: string): boolean {
  const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()
  return header.includes('"bir-operator+jwt"')
}

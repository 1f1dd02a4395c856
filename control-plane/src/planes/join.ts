import { JOIN_LINE_REFUSED, JoinRequest } from '@bir/sdk/contract/internal'
import type { JoinAnswer } from '@bir/sdk/contract/internal'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import type { Ctx } from '../base/context.ts'
import { Refusal } from '../base/http.ts'
import type { Log } from '../base/log.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import { admit } from './admit.ts'
import { planeOrigin } from './internal-url.ts'
import type { PlaneSites } from './internal-url.ts'
import { findJoinLine, MEND_JOIN_LINE } from './join-line.ts'
import { publicOnly } from './plane-key.ts'

export interface JoinParts {
  issuer: string
  manifestKey: SigningKey
  /** Where planes may say that they are. */
  planeSites: PlaneSites
  /** The context for a change by this plane. The audit record names the label as its actor. */
  ctxOf: (label: string) => Ctx
  log: Log
}

/**
 * A plane joins with the secret of a line. One that joins again with the same key and line gets the same id, and
 * spends nothing, because it may have lost the first answer.
 */
export async function join({ issuer, manifestKey, planeSites, ctxOf, log }: JoinParts, body: unknown): Promise<JoinAnswer> {
  const request = JoinRequest.safeParse(body)
  if (!request.success) throw new Refusal(400, 'invalid_request', schemaFaults(request.error))
  const { secret, name, publicKey, sealingKey, internalUrl } = request.data
  const ctx = ctxOf(`plane:${name}`)
  // Before anything is locked: whoever has no line delays nobody.
  const line = await findJoinLine(ctx.db, secret)
  if (!line)
    throw new Refusal(403, JOIN_LINE_REFUSED, `This is no join line of this gateway, or one of an earlier version. ${MEND_JOIN_LINE}`)

  const plane = {
    name,
    publicKey: await publicOnly(publicKey, 'Ed25519', 'EdDSA'),
    sealingKey: await publicOnly(sealingKey, 'X25519', 'ECDH-ES'),
    internalUrl: internalUrl === undefined ? undefined : planeOrigin(internalUrl, planeSites),
  }
  try {
    return { id: await admit(ctx, line.id, plane, log), manifestKey: manifestKey.jwk, issuer }
  } catch (error) {
    if (error instanceof Refusal) log('warn', 'join-refused', { line: line.id, name, why: error.message })
    throw error
  } finally {
    // Before the answer: whoever hears that a plane joined finds a new line in the file.
    await ctx.joinLines.renewFile()
  }
}

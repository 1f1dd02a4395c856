import { createPublicKey } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import { JoinRequest } from '@bir/sdk/contract/internal'
import type { JoinAnswer } from '@bir/sdk/contract/internal'
import { joinedPlaneText } from '@bir/sdk/contract/joined-plane'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { calculateJwkThumbprint } from 'jose'
import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { Refusal } from '../base/http.ts'
import { isSameSecret } from '../keys/key-ring.ts'
import type { SigningKey } from '../keys/key-rows.ts'

export interface JoinParts {
  issuer: string
  manifestKey: SigningKey
  joinSecret: string
  /** The context for a change by this plane. The audit record names the label as its actor. */
  ctxOf: (label: string) => Ctx
}

/** A plane that joins again with the same key gets the same id, because it may have lost the first answer. */
export async function join({ issuer, manifestKey, joinSecret, ctxOf }: JoinParts, body: unknown): Promise<JoinAnswer> {
  const request = JoinRequest.extend({ internalUrl: z.url().optional() }).safeParse(body)
  if (!request.success) throw new Refusal(400, 'invalid_request', z.prettifyError(request.error))
  const { secret, name, publicKey, sealingKey, internalUrl } = request.data
  if (!isSameSecret(secret, joinSecret)) throw new Refusal(403, 'forbidden', 'This is not the join secret.')

  const jwk = await publicOnly(publicKey, 'Ed25519', 'EdDSA')
  const sealing = await publicOnly(sealingKey, 'X25519', 'ECDH-ES')
  const { value: id } = await change(ctxOf(`plane:${name}`), { action: 'planes.join', target: name }, async (trx) => {
    const existingId = await findPlaneId(trx, jwk)
    if (existingId) return { value: existingId, dirty: 'nothing' }
    const id = uuidv7()
    await trx
      .insertInto('planes')
      .values({ id, name, public_jwk: JSON.stringify(jwk), sealing_jwk: JSON.stringify(sealing), internal_url: internalUrl ?? null })
      .execute()
    await trx.insertInto('audit_chains').values({ plane: id, seq: 0, hash: FIRST_PREV }).execute()
    return { value: id, dirty: [], detail: id, summary: joinedPlaneText({ name, id, thumbprint: jwk.kid }) }
  })
  return { id, manifestKey: manifestKey.jwk, issuer }
}

async function findPlaneId(trx: Kysely<Database> | Transaction<Database>, jwk: PublicJwk): Promise<string | undefined> {
  const row = await trx.selectFrom('planes').select(['id', 'expelled_at']).where('public_jwk', '=', JSON.stringify(jwk)).executeTakeFirst()
  if (row?.expelled_at) throw new Refusal(403, 'expelled', 'This plane has been expelled.')
  return row?.id
}

/** Keeps only the fields of a public key of this curve. Its `kid` becomes its thumbprint. */
async function publicOnly(key: PublicJwk, curve: 'Ed25519' | 'X25519', alg: string): Promise<PublicJwk> {
  try {
    const jwk = z.object({ kty: z.literal('OKP'), crv: z.literal(curve), x: z.string() }).parse(key)
    createPublicKey({ key: jwk, format: 'jwk' })
    return { ...jwk, alg, kid: await calculateJwkThumbprint(jwk) }
  } catch {
    throw new Refusal(400, 'invalid_request', `Not a public ${curve} key as a JWK.`)
  }
}

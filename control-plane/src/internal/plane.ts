import { createHash, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { decodeJwt, jwtVerify } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { Refusal } from '../base/http.ts'
import type { Exchange } from '../base/http.ts'
import type { HeldRow } from '../plane-state/held.ts'

export interface Plane {
  id: string
  name: string
  publicKey: KeyObject
  /** The key, a JWK as JSON, to which secrets for this plane are sealed. */
  sealingJwk: string
  /** What it holds, as far as it said. */
  held: HeldRow
}

const lifeSeconds = 60
const skewSeconds = 30
/** How often `seen_at` is written: often enough to show which planes run, and most requests need no write. */
const seenEveryMs = 5_000

const Claims = z.looseObject({ iss: z.uuid(), iat: z.number(), exp: z.number(), jti: z.string(), bdy: z.string().optional() })

/**
 * Finds the plane that signed this request. A signature may be replayed within its minute. That does no harm, because
 * all requests of planes only read or are idempotent, and the signature covers the body.
 */
export async function planeOf(
  db: Kysely<Database>,
  issuer: string,
  { request }: Exchange,
): Promise<Plane & { bodyDigest: string | undefined }> {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw unauthenticated('there is no bearer token')
  const id = issuerOf(token)
  const row = id === undefined ? undefined : await db.selectFrom('planes').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw unauthenticated('no plane of this name has joined')

  const publicKey = createPublicKey({ key: JSON.parse(row.public_jwk), format: 'jwk' })
  const { iat, exp, bdy } = await verifyToken(token, publicKey, { issuer: row.id, audience: `${issuer}/internal` })
  if (exp - iat > lifeSeconds) throw unauthenticated(`the token lives for more than ${lifeSeconds} s`)
  if (row.expelled_at) throw new Refusal(403, 'expelled', expelledText(row))
  if (Date.now() - (row.seen_at?.getTime() ?? 0) > seenEveryMs) await markSeen(db, row.id)
  return { id: row.id, name: row.name, publicKey, sealingJwk: row.sealing_jwk, held: row, bodyDigest: bdy }
}

/** Finds the plane that signed this request, and only then reads the body. Checks that the signature covers it. */
export async function planeAndBody(
  db: Kysely<Database>,
  issuer: string,
  exchange: Exchange,
  maxBytes: number,
): Promise<{ plane: Plane; body: Buffer }> {
  const { bodyDigest, ...plane } = await planeOf(db, issuer, exchange)
  const body = await exchange.body(maxBytes)
  if (bodyDigest !== createHash('sha256').update(body).digest('hex')) throw unauthenticated('the body is not the one that was signed')
  return { plane, body }
}

async function verifyToken(token: string, key: KeyObject, expected: { issuer: string; audience: string }) {
  try {
    const { payload } = await jwtVerify(token, key, {
      ...expected,
      algorithms: ['EdDSA'],
      clockTolerance: skewSeconds,
      maxTokenAge: lifeSeconds,
    })
    return Claims.parse(payload)
  } catch (error) {
    throw unauthenticated(error instanceof Error ? error.message : 'it does not verify')
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return Claims.parse(decodeJwt(token)).iss
  } catch {
    return undefined
  }
}

const unauthenticated = (why: string) => new Refusal(401, 'unauthenticated', `Not a signed request of a plane: ${why}.`)

/** A forgotten plane hears no revocation any more either, so the code of the refusal is the same. */
const expelledText = ({ forgotten }: { forgotten: boolean }): string =>
  forgotten ? 'This plane was gone and an administrator took it off the list: it must join anew.' : 'This plane has been expelled.'

const markSeen = (db: Kysely<Database>, id: string) => db.updateTable('planes').set({ seen_at: new Date() }).where('id', '=', id).execute()

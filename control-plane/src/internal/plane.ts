import { createHash, createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { decodeJwt, jwtVerify } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { clockOffOf, clockText } from '../base/clock.ts'
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
/** A plane whose clock agrees is heard of more often than this. */
const faultAfterMs = 30_000

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
  if (!row) throw unknownPlane()

  const publicKey = createPublicKey({ key: JSON.parse(row.public_jwk), format: 'jwk' })
  const verified = await verifyToken(token, publicKey, { issuer: row.id, audience: `${issuer}/internal` })
  if ('clockOffMs' in verified) {
    await storeClockFault(db, row, verified.clockOffMs)
    throw new Refusal(401, 'clock', `Refused: ${clockText('this plane', verified.clockOffMs, Date.now())}.`)
  }
  const { iat, exp, bdy } = verified.claims
  if (exp - iat > lifeSeconds) throw unauthenticated(`the token lives for more than ${lifeSeconds} s`)
  refuseExpelled(row)
  await markSeen(db, row, iat * 1000 - Date.now())
  return { id: row.id, name: row.name, publicKey, sealingJwk: row.sealing_jwk, held: row, bodyDigest: bdy }
}

/**
 * Finds the plane that signed this request, and only then reads the body. Checks that the signature covers it, and that
 * the plane was not expelled while the body was on its way.
 */
export async function planeAndBody(
  db: Kysely<Database>,
  issuer: string,
  exchange: Exchange,
  maxBytes: number,
): Promise<{ plane: Plane; body: Buffer }> {
  const { bodyDigest, ...plane } = await planeOf(db, issuer, exchange)
  const body = await exchange.body(maxBytes)
  if (bodyDigest !== createHash('sha256').update(body).digest('hex')) throw unauthenticated('the body is not the one that was signed')
  const row = await db.selectFrom('planes').select(['expelled_at', 'forgotten']).where('id', '=', plane.id).executeTakeFirst()
  if (!row) throw unknownPlane()
  refuseExpelled(row)
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
    return { claims: Claims.parse(payload) }
  } catch (error) {
    const clockOffMs = clockOffOf(error, Date.now())
    if (clockOffMs !== undefined) return { clockOffMs }
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

const unknownPlane = () => new Refusal(401, 'unknown_plane', 'This gateway knows no such plane: it must join first.')

function refuseExpelled({ expelled_at, forgotten }: { expelled_at: Date | null; forgotten: boolean }): void {
  if (expelled_at) throw new Refusal(403, 'expelled', expelledText({ forgotten }), forgotten ? { forgotten } : {})
}

const unauthenticated = (why: string) => new Refusal(401, 'unauthenticated', `Not a signed request of a plane: ${why}.`)

/** A forgotten plane hears no revocation any more either, so the code of the refusal is the same. */
const expelledText = ({ forgotten }: { forgotten: boolean }): string =>
  forgotten ? 'This plane was gone and an administrator took it off the list: it must join anew.' : 'This plane has been expelled.'

interface SeenRow {
  id: string
  seen_at: Date | null
  clock_off_ms: string | number | null
}

/** A clock that is a few seconds off is no news. */
const clockNewsMs = 5_000

async function markSeen(db: Kysely<Database>, { id, seen_at, clock_off_ms }: SeenRow, clockOffMs: number): Promise<void> {
  const isOff = Math.abs(clockOffMs) > clockNewsMs
  const isClockNews = isOff !== (clock_off_ms !== null)
  if (!isClockNews && Date.now() - (seen_at?.getTime() ?? 0) <= seenEveryMs) return
  const seen = { seen_at: new Date(), clock_off_ms: isOff ? Math.round(clockOffMs) : null }
  await db.updateTable('planes').set(seen).where('id', '=', id).execute()
}

/**
 * Shows administrators why a plane is refused. Not while it was heard of just now: then somebody repeats an old request
 * of it.
 */
async function storeClockFault(db: Kysely<Database>, { id, seen_at, clock_off_ms }: SeenRow, clockOffMs: number): Promise<void> {
  const silentMs = Date.now() - (seen_at?.getTime() ?? 0)
  if (clock_off_ms === null ? silentMs < faultAfterMs : silentMs <= seenEveryMs) return
  const seen = { seen_at: new Date(), clock_off_ms: Math.round(clockOffMs) }
  await db.updateTable('planes').set(seen).where('id', '=', id).execute()
}

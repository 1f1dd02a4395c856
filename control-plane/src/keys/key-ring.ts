import { createHash, createPublicKey, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import type { Kysely } from 'kysely'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { addKey, addSigningKey, aloneWithKeys, readKeys, signingKeyOf } from './key-rows.ts'
import type { KeyRow, SigningKey } from './key-rows.ts'
import type { MasterKey } from './master-key.ts'
import { currentOf, rotateSealingKeys, rotateTokenKeys } from './rotation.ts'

/** Every key of the control plane, open and in memory. */
export interface KeyRing {
  /** Signs manifests. Planes pin its fingerprint, so it never changes. */
  readonly manifest: SigningKey
  /** Signs the control plane's own chain; its name is the control plane's id there. */
  readonly audit: SigningKey
  readonly joinSecret: string
  /** Signs access tokens now. */
  tokenKey: () => SigningKey
  /** All that a verifier may meet: previous, current, next. */
  tokenKeys: () => PublicJwk[]
  /** Makes what is due, forgets what is over, and reads again what other replicas made. */
  refresh: () => Promise<void>
}

/** Makes at the first start of all what is missing; every later start, and every replica, finds the same. */
export async function openKeyRing(db: Kysely<Database>, master: MasterKey, now = () => Date.now()): Promise<KeyRing> {
  const { manifest, audit, joinSecret } = await aloneWithKeys(db, (trx) => lasting(trx, master))
  let tokenKeys = await rotated(db, master, now())

  return {
    manifest,
    audit,
    joinSecret,
    tokenKey() {
      const current = currentOf(tokenKeys, now())
      if (!current) throw new Error('no token key is in use')
      return current
    },
    tokenKeys: () => publicOf(tokenKeys),
    async refresh() {
      tokenKeys = await rotated(db, master, now())
    },
  }
}

/** As the database has them now, whatever this replica remembers. */
export const readTokenKeys = async (db: Kysely<Database>, master: MasterKey): Promise<PublicJwk[]> =>
  publicOf((await readKeys(db, master, 'token')).map(signingKeyOf))

const publicOf = (keys: SigningKey[]) => keys.map(({ jwk }) => jwk).sort((a, b) => (a.kid < b.kid ? -1 : 1))

/** What a plane checks the signing key by: the SHA-256 of its SPKI DER, in hex. */
export const fingerprintOf = (jwk: PublicJwk): string =>
  createHash('sha256')
    .update(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }))
    .digest('hex')

/** In the same time whether it is nearly right or not at all. */
export function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}

async function lasting(db: Kysely<Database>, master: MasterKey) {
  const activeAt = new Date()
  const one = async (purpose: 'manifest' | 'audit' | 'join', make: () => Promise<void>) => {
    if ((await readKeys(db, master, purpose)).length === 0) await make()
    const [row] = await readKeys(db, master, purpose)
    if (!row) throw new Error(`the ${purpose} key is missing`)
    return row
  }
  const manifest = await one('manifest', () => addSigningKey(db, master, { purpose: 'manifest', activeAt }))
  const audit = await one('audit', () => addSigningKey(db, master, { purpose: 'audit', activeAt, kid: uuidv7() }))
  const join = await one('join', () => addKey(db, master, { kid: 'join', purpose: 'join', bytes: randomBytes(32), activeAt }))
  return { manifest: signingKeyOf(manifest), audit: signingKeyOf(audit), joinSecret: join.bytes.toString('base64url') }
}

const rotated = (db: Kysely<Database>, master: MasterKey, nowMs: number): Promise<SigningKey[]> =>
  aloneWithKeys(db, async (trx) => {
    const tokens = rotateTokenKeys(await readKeys(trx, master, 'token'), nowMs)
    for (const activeAt of tokens.make) await addSigningKey(trx, master, { purpose: 'token', activeAt })
    const sealing = rotateSealingKeys(await readKeys(trx, master, 'sealing'), nowMs)
    for (const activeAt of sealing.make) await addSealingKey(trx, master, activeAt)

    const drop = [...tokens.drop, ...sealing.drop]
    if (drop.length > 0) await trx.deleteFrom('keys').where('kid', 'in', drop).execute()
    return (await readKeys(trx, master, 'token')).map(signingKeyOf)
  })

const addSealingKey = (db: Kysely<Database>, master: MasterKey, activeAt: Date) =>
  addKey(db, master, { kid: randomBytes(6).toString('base64url'), purpose: 'sealing', bytes: randomBytes(32), activeAt })

/** All sealing keys, the one in use first; one that is only known ahead does not seal yet. Made anew when there is none. */
export async function readSealingKeys(db: Kysely<Database>, master: MasterKey): Promise<KeyRow[]> {
  const nowMs = Date.now()
  if ((await readKeys(db, master, 'sealing')).length === 0) await rotated(db, master, nowMs)
  const rows = await readKeys(db, master, 'sealing')
  const current = currentOf(rows, nowMs)
  return [...rows.filter((row) => row === current), ...rows.filter((row) => row !== current)]
}

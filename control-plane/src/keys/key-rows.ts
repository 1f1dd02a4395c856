import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { calculateJwkThumbprint } from 'jose'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { MasterKey } from './master-key.ts'

export type Purpose = Database['keys']['purpose']

/** A stored key. `bytes` are decrypted with the master key. */
export interface KeyRow {
  kid: string
  bytes: Buffer
  createdAt: Date
  activeAt: Date
}

export interface SigningKey {
  kid: string
  privateKey: KeyObject
  jwk: PublicJwk
  activeAt: Date
}

const keysLock = 0x62697202

/** Runs `fn` while no other replica does, so that two replicas never both make a missing key. */
export const withKeysLock = <T>(db: Kysely<Database>, fn: (trx: Kysely<Database>) => Promise<T>): Promise<T> =>
  db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${keysLock})`.execute(trx)
    return fn(trx)
  })

/** The keys of a purpose, sorted by `activeAt`, latest first. */
export async function readKeys(db: Kysely<Database>, master: MasterKey, purpose: Purpose): Promise<KeyRow[]> {
  const rows = await db.selectFrom('keys').selectAll().where('purpose', '=', purpose).orderBy('active_at', 'desc').orderBy('kid').execute()
  return rows.map((row) => ({
    kid: row.kid,
    bytes: unwrapKey(master, row.kid, row.wrapped),
    createdAt: row.created_at,
    activeAt: row.active_at,
  }))
}

function unwrapKey(master: MasterKey, kid: string, wrapped: Buffer): Buffer {
  try {
    return master.unwrap(kid, wrapped)
  } catch (cause) {
    throw new Error('The master key does not open the keys in this database. Give the one it was set up with.', { cause })
  }
}

export async function addKey(
  db: Kysely<Database>,
  master: MasterKey,
  key: { kid: string; purpose: Purpose; bytes: Buffer; activeAt: Date },
): Promise<void> {
  const { kid, purpose, bytes, activeAt } = key
  await db
    .insertInto('keys')
    .values({ kid, purpose, wrapped: master.wrap(kid, bytes), active_at: activeAt })
    .execute()
}

/** Makes an Ed25519 key. Its `kid` is its thumbprint (RFC 7638) unless the caller passes one. */
export async function addSigningKey(
  db: Kysely<Database>,
  master: MasterKey,
  key: { purpose: Purpose; activeAt: Date; kid?: string },
): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = key.kid ?? (await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })))
  await addKey(db, master, { ...key, kid, bytes: privateKey.export({ format: 'der', type: 'pkcs8' }) })
}

export function signingKeyOf({ kid, bytes, activeAt }: KeyRow): SigningKey {
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' }
  return { kid, privateKey, jwk: jwk as PublicJwk, activeAt }
}

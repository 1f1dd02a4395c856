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

/** What a key signs with (RFC 8037 §3.1, RFC 7518 §3.4). Every data plane takes both. */
export type SigningAlg = 'EdDSA' | 'ES256'

/** Makes a key, for EdDSA unless told otherwise. Its `kid` is its thumbprint (RFC 7638) unless one is passed. */
export async function addSigningKey(
  db: Kysely<Database>,
  master: MasterKey,
  key: { purpose: Purpose; activeAt: Date; kid?: string; alg?: SigningAlg },
): Promise<void> {
  const { privateKey, publicKey } =
    key.alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const kid = key.kid ?? (await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })))
  await addKey(db, master, { ...key, kid, bytes: privateKey.export({ format: 'der', type: 'pkcs8' }) })
}

export function signingKeyOf({ kid, bytes, activeAt }: KeyRow): SigningKey {
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  const alg: SigningAlg = privateKey.asymmetricKeyType === 'ec' ? 'ES256' : 'EdDSA'
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg, use: 'sig' }
  return { kid, privateKey, jwk: jwk as PublicJwk, activeAt }
}

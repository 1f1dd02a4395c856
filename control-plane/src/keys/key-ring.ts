import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import type { Kysely } from 'kysely'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { addKey, addSigningKey, withKeysLock, readKeys, signingKeyOf } from './key-rows.ts'
import type { KeyRow, SigningAlg, SigningKey } from './key-rows.ts'
import type { MasterKey } from './master-key.ts'
import { currentOf, rotateSealingKeys, rotateTokenKeys } from './rotation.ts'

/** All keys of the control plane, decrypted, in memory. */
export interface KeyRing {
  /** Signs manifests. It never changes, because planes pin its fingerprint. */
  readonly manifest: SigningKey
  /** Signs the control plane's own audit chain. Its `kid` is the plane id in that chain. */
  readonly audit: SigningKey
  /** The key that signs access tokens now. */
  tokenKey: () => SigningKey
  /** All public keys that a verifier may need: of the previous, the current and the next token key. */
  tokenKeys: () => PublicJwk[]
  /** Makes keys that are due, deletes keys that are over, and reads keys that other replicas made. */
  refresh: () => Promise<void>
}

interface Options {
  now?: () => number
  /** What token keys that are made from now on sign with. Those that are there stay until they are over. */
  tokenAlg?: SigningAlg
}

/** Opens the keys. The very first start makes them; later starts and other replicas find the same ones. */
export async function openKeyRing(db: Kysely<Database>, master: MasterKey, options: Options = {}): Promise<KeyRing> {
  const { now = () => Date.now(), tokenAlg = 'EdDSA' } = options
  const { manifest, audit } = await withKeysLock(db, (trx) => openPermanentKeys(trx, master))
  let tokenKeys = await rotateKeys(db, master, now(), tokenAlg)

  return {
    manifest,
    audit,
    tokenKey() {
      const current = currentOf(tokenKeys, now())
      if (!current) throw new Error('no token key is in use')
      return current
    },
    tokenKeys: () => publicOf(tokenKeys),
    async refresh() {
      tokenKeys = await rotateKeys(db, master, now(), tokenAlg)
    },
  }
}

/** The public token keys as they are in the database now, not as this replica remembers them. */
export const readTokenKeys = async (db: Kysely<Database>, master: MasterKey): Promise<PublicJwk[]> =>
  publicOf((await readKeys(db, master, 'token')).map(signingKeyOf))

const publicOf = (keys: SigningKey[]) => keys.map(({ jwk }) => jwk).sort((a, b) => (a.kid < b.kid ? -1 : 1))

/** The fingerprint by which a plane verifies the manifest key: the SHA-256 of its SPKI DER, in hex. */
export const fingerprintOf = (jwk: PublicJwk): string =>
  createHash('sha256')
    .update(createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }))
    .digest('hex')

/** The keys that are made once and never rotated. */
async function openPermanentKeys(db: Kysely<Database>, master: MasterKey) {
  const activeAt = new Date()
  const openOrMake = async (purpose: 'manifest' | 'audit', make: () => Promise<void>) => {
    if ((await readKeys(db, master, purpose)).length === 0) await make()
    const [row] = await readKeys(db, master, purpose)
    if (!row) throw new Error(`the ${purpose} key is missing`)
    return row
  }
  const manifest = await openOrMake('manifest', () => addSigningKey(db, master, { purpose: 'manifest', activeAt }))
  const audit = await openOrMake('audit', () => addSigningKey(db, master, { purpose: 'audit', activeAt, kid: uuidv7() }))
  return { manifest: signingKeyOf(manifest), audit: signingKeyOf(audit) }
}

/** Makes and deletes keys as they are due. Resolves with the token keys. */
const rotateKeys = (db: Kysely<Database>, master: MasterKey, nowMs: number, alg: SigningAlg): Promise<SigningKey[]> =>
  withKeysLock(db, async (trx) => {
    const tokens = rotateTokenKeys(await readKeys(trx, master, 'token'), nowMs)
    for (const activeAt of tokens.make) await addSigningKey(trx, master, { purpose: 'token', activeAt, alg })
    const sealing = rotateSealingKeys(await readKeys(trx, master, 'sealing'), nowMs)
    for (const activeAt of sealing.make) await addSealingKey(trx, master, activeAt)

    const drop = [...tokens.drop, ...sealing.drop]
    if (drop.length > 0) await trx.deleteFrom('keys').where('kid', 'in', drop).execute()
    return (await readKeys(trx, master, 'token')).map(signingKeyOf)
  })

const addSealingKey = (db: Kysely<Database>, master: MasterKey, activeAt: Date) =>
  addKey(db, master, { kid: randomBytes(6).toString('base64url'), purpose: 'sealing', bytes: randomBytes(32), activeAt })

/**
 * All sealing keys, the one in use first. A key that is published ahead does not seal yet. Makes keys if there are
 * none.
 */
export async function readSealingKeys(db: Kysely<Database>, master: MasterKey): Promise<KeyRow[]> {
  const nowMs = Date.now()
  if ((await readKeys(db, master, 'sealing')).length === 0) await rotateKeys(db, master, nowMs, 'EdDSA')
  const rows = await readKeys(db, master, 'sealing')
  const current = currentOf(rows, nowMs)
  return [...rows.filter((row) => row === current), ...rows.filter((row) => row !== current)]
}

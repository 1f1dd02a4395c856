import type { Database } from '@bir/db/schema'
import type { SealingRing } from '@bir/sdk/contract/internal'
import { sealTo } from '@bir/sdk/seal-box'
import type { Kysely } from 'kysely'
import { readSealingKeys } from '../keys/key-ring.ts'
import type { MasterKey } from '../keys/master-key.ts'

/** The sealing keys that all planes share, sealed so that only this plane can open them. */
export async function sealedRingFor(db: Kysely<Database>, master: MasterKey, { sealingJwk }: { sealingJwk: string }): Promise<string> {
  const keys = await readSealingKeys(db, master)
  const ring: SealingRing = { keys: keys.map(({ kid, bytes }) => ({ kid, key: bytes.toString('base64url') })) }
  return sealTo(JSON.parse(sealingJwk), Buffer.from(JSON.stringify(ring)))
}

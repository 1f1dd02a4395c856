import type { Database } from '@bir/db/schema'
import { PlaneKey } from '@bir/sdk/contract/snapshot'
import type { PlanesChunk } from '@bir/sdk/contract/snapshot'
import type { Kysely } from 'kysely'

/** The planes that may talk to each other, with their public keys and addresses. */
export async function readRoster(db: Kysely<Database>): Promise<PlanesChunk['planes']> {
  const rows = await db
    .selectFrom('planes')
    .select(['id', 'name', 'public_jwk', 'sealing_jwk', 'opens_sealed', 'internal_url'])
    .where('expelled_at', 'is', null)
    .orderBy('id')
    .execute()
  return rows.map(({ id, name, public_jwk, sealing_jwk, opens_sealed, internal_url }) => ({
    id,
    name,
    publicKey: PlaneKey.parse({ ...JSON.parse(public_jwk), ...(opens_sealed && { sealingKey: JSON.parse(sealing_jwk) }) }),
    ...(internal_url === null ? {} : { internalUrl: internal_url }),
  }))
}

import type { Database } from '@bir/db/schema'
import type { api } from '@bir/sdk/contract/api'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import type { Ctx } from '../base/context.ts'

/** All audit chains with their public keys: those of all planes, expelled ones too, and the control plane's own. */
export async function chains({ db, ownChainKey }: Ctx): Promise<z.infer<typeof api.audit.chains.output>> {
  // Before the chains are read, so that a plane that joins meanwhile is among them.
  const counts = await countRecords(db)
  const rows = await db
    .selectFrom('audit_chains')
    .leftJoin('planes', 'planes.id', 'audit_chains.plane')
    .select(['plane', 'seq', 'name', 'public_jwk'])
    .orderBy('plane')
    .execute()
  const planes = rows.flatMap(({ plane, seq, name, public_jwk }) =>
    name === null || public_jwk === null ? [] : [{ plane, name, publicKey: JSON.parse(public_jwk), seq: Number(seq) }],
  )
  const ownRow = rows.find(({ plane }) => plane === ownChainKey.kid)
  const items = [...planes, { plane: ownChainKey.kid, name: 'control plane', publicKey: ownChainKey, seq: Number(ownRow?.seq ?? 0) }]
  return { items, strays: straysOf(counts, items) }
}

/** How many records are stored under each plane's id, and how many of them stand before record 1. */
const countRecords = (db: Kysely<Database>) =>
  db
    .selectFrom('audit_headers')
    .select(['plane', sql<string>`count(*)`.as('all'), sql<string>`count(*) filter (where seq < 1)`.as('before')])
    .select(sql<string>`min(seq)::text`.as('seq'))
    .groupBy('plane')
    .orderBy('plane')
    .execute()

/** The records that a search finds and that no reader of these chains sees. Somebody wrote them into the database. */
function straysOf(counts: Awaited<ReturnType<typeof countRecords>>, chains: readonly { plane: string }[]) {
  const known = new Set(chains.map(({ plane }) => plane))
  return counts
    .map(({ plane, all, before, seq }) => ({ plane, count: Number(known.has(plane) ? before : all), seq }))
    .filter(({ count }) => count > 0)
}

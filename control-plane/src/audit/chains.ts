import type { api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import type { Ctx } from '../base/context.ts'

/** All audit chains with their public keys: those of all planes, expelled ones too, and the control plane's own. */
export async function chains({ db, ownChainKey }: Ctx): Promise<z.infer<typeof api.audit.chains.output>> {
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
  return { items: [...planes, { plane: ownChainKey.kid, name: 'control plane', publicKey: ownChainKey, seq: Number(ownRow?.seq ?? 0) }] }
}

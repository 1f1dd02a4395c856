import type { SecretAct } from '@bir/sdk/contract/secret-entities'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Db } from '../../policy-rows/types.ts'
import type { RowPlace } from './rows.ts'

interface Happened {
  by: string
  act: SecretAct
  version?: number | undefined
  state?: string | undefined
  verdict?: SecretVerdict | undefined
}

/** Notes what happened to these secrets. */
export async function note(db: Db, places: readonly RowPlace[], { by, act, version, state, verdict }: Happened): Promise<void> {
  if (places.length === 0) return
  const happened = { by, act, version: version ?? null, state: state ?? null, verdict: verdict ? JSON.stringify(verdict) : null }
  await db
    .insertInto('secret_history')
    .values(places.map(({ kind, holderId, server }) => ({ id: uuidv7(), holder_kind: kind, holder_id: holderId, server, ...happened })))
    .execute()
}

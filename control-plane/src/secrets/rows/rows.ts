import type { Database } from '@bir/db/schema'
import type { SecretHolderKind, SecretPlace } from '@bir/sdk/contract/secret-holder'
import { EXPIRING_MS, SecretState } from '@bir/sdk/contract/secret-state'
import type { Selectable } from 'kysely'
import type { Db } from '../../policy-rows/types.ts'

export type SecretRow = Selectable<Database['secrets']>

/** Where a secret lies, as rows name it. */
export interface RowPlace {
  kind: SecretHolderKind
  /** SHARED_ID for the secret that all share. */
  holderId: string
  server: string
}

export const storePlace = ({ kind, holderId, server }: RowPlace): SecretPlace => ({
  holder: kind === 'shared' ? { kind } : { kind, id: holderId },
  server,
})

export const placeOfRow = ({ holder_kind, holder_id, server }: Pick<SecretRow, 'holder_kind' | 'holder_id' | 'server'>): RowPlace => ({
  kind: holder_kind,
  holderId: holder_id,
  server,
})

export const readSecretRow = (db: Db, { kind, holderId, server }: RowPlace): Promise<SecretRow | undefined> =>
  db
    .selectFrom('secrets')
    .selectAll()
    .where('holder_id', '=', holderId)
    .where('holder_kind', '=', kind)
    .where('server', '=', server)
    .executeTakeFirst()

/** The state at this moment: `expiring` and `expired` follow from the end that the service named. */
export function stateOf({ state, expires_at }: Pick<SecretRow, 'state' | 'expires_at'>, nowMs: number): SecretState {
  const { data: stored = 'invalid' } = SecretState.safeParse(state)
  if (expires_at === null || (stored !== 'ok' && stored !== 'unchecked')) return stored
  if (expires_at.getTime() <= nowMs) return 'expired'
  return stored === 'ok' && expires_at.getTime() <= nowMs + EXPIRING_MS ? 'expiring' : stored
}

/** The highest version that this place ever had: it goes on to rise after the secret was deleted. */
export async function highestVersion(db: Db, place: RowPlace): Promise<number> {
  const row = await readSecretRow(db, place)
  const past = await db
    .selectFrom('secret_history')
    .select(({ fn }) => fn.max('version').as('version'))
    .where('holder_id', '=', place.holderId)
    .where('server', '=', place.server)
    .executeTakeFirst()
  return Math.max(row?.version ?? 0, past?.version ?? 0)
}

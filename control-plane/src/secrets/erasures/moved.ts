import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { placeOfRow } from '../rows/rows.ts'

/**
 * A server may be at another address now. Secrets that were proven for the old one are `moved`: they are sent nowhere
 * until somebody puts them again. Resolves with the buckets that become dirty.
 */
export async function moveSecrets(
  trx: Transaction<Database>,
  { server, audience, by }: { server: string; audience: string; by: string },
): Promise<number[]> {
  const rows = await trx
    .updateTable('secrets')
    .set({ state: 'moved', check_after: null })
    .where('server', '=', server)
    .where('audience', '!=', audience)
    .where('state', '!=', 'moved')
    .returning(['holder_kind', 'holder_id', 'server', 'version'])
    .execute()
  for (const row of rows) await note(trx, [placeOfRow(row)], { by, act: 'moved', version: row.version, state: 'moved' })
  return bucketsOfSecrets(trx, rows.map(placeOfRow), { appears: false })
}

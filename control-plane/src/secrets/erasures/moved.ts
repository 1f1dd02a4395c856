import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { anyOf } from '../../policy-rows/read.ts'
import type { SecretNeed } from '../need.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { isProvenFor } from '../rows/proven-for.ts'
import { placeOfRow } from '../rows/rows.ts'

/**
 * A server may be at another address now. Secrets that were proven for the old one are `moved`: they are sent nowhere
 * until somebody puts them again. Resolves with the buckets that become dirty.
 */
export async function moveSecrets(
  trx: Transaction<Database>,
  { server, need, by }: { server: string; need: SecretNeed; by: string },
): Promise<number[]> {
  const shared = await trx.selectFrom('secrets').selectAll().where('server', '=', server).where('holder_kind', '=', 'shared').execute()
  const elsewhere = shared.filter((row) => !isProvenFor(row, need)).map(({ id }) => id)
  const rows = await trx
    .updateTable('secrets')
    .set({ state: 'moved', check_after: null })
    .where('server', '=', server)
    .where(({ and, eb, or }) =>
      or([eb('id', '=', anyOf(elsewhere)), and([eb('holder_kind', '!=', 'shared'), eb('audience', '!=', need.audience)])]),
    )
    .where('state', '!=', 'moved')
    .returning(['holder_kind', 'holder_id', 'server', 'version'])
    .execute()
  for (const row of rows) await note(trx, [placeOfRow(row)], { by, act: 'moved', version: row.version, state: 'moved' })
  return bucketsOfSecrets(trx, rows.map(placeOfRow), { appears: false })
}

import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { anyOf } from '../../policy-rows/read.ts'
import type { SecretNeed } from '../need.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { isProvenFor, originsIn, saysPaths } from '../rows/proven-for.ts'
import { placeOfRow } from '../rows/rows.ts'

/**
 * A server may be at another address now. Secrets that were proven for the old one are `moved`: they are sent nowhere
 * until somebody puts them again. Resolves with the buckets that become dirty. `before`: what the server needed until
 * now, if it is not new.
 */
export async function moveSecrets(
  trx: Transaction<Database>,
  { server, need, before, by }: { server: string; need: SecretNeed; before: SecretNeed | undefined; by: string },
): Promise<number[]> {
  if (before && before.audience !== need.audience) await nameWhole(trx, server, before.audience)
  const shared = await trx.selectFrom('secrets').selectAll().where('server', '=', server).where('holder_kind', '=', 'shared').execute()
  const elsewhere = shared.filter((row) => !isProvenFor(row, need)).map(({ id }) => id)
  // While the address stays, what was written down before paths counted is as good as ever.
  const stillGood = !before || before.audience === need.audience ? originsIn(need.audience) : need.audience
  const rows = await trx
    .updateTable('secrets')
    .set({ state: 'moved', check_after: null })
    .where('server', '=', server)
    .where(({ and, eb, or }) =>
      or([
        eb('id', '=', anyOf(elsewhere)),
        and([eb('holder_kind', '!=', 'shared'), eb('audience', '!=', need.audience), eb('audience', '!=', stillGood)]),
      ]),
    )
    .where('state', '!=', 'moved')
    .returning(['holder_kind', 'holder_id', 'server', 'version'])
    .execute()
  for (const row of rows) await note(trx, [placeOfRow(row)], { by, act: 'moved', version: row.version, state: 'moved' })
  return bucketsOfSecrets(trx, rows.map(placeOfRow), { appears: false })
}

/**
 * Secrets of before paths and proxies counted were proven for the address that their server had until now. That is
 * written down whole, before the server gets another one.
 */
async function nameWhole(trx: Transaction<Database>, server: string, audience: string): Promise<void> {
  const origins = originsIn(audience)
  if (!saysPaths(audience)) return
  const rows = await trx
    .selectFrom('secrets')
    .select(['id', 'audience'])
    .where('server', '=', server)
    .where('state', '!=', 'moved')
    .execute()
  for (const row of rows) {
    const [declared, ...named] = row.audience.split('\n')
    if (declared !== origins) continue
    await trx
      .updateTable('secrets')
      .set({ audience: [audience, ...named].join('\n') })
      .where('id', '=', row.id)
      .execute()
  }
}

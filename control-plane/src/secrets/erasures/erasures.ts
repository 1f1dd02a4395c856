import type { Database } from '@bir/db/schema'
import type { Kysely, Transaction } from 'kysely'
import { errorText } from '../../base/log.ts'
import type { Log } from '../../base/log.ts'
import type { Db } from '../../policy-rows/types.ts'
import { note } from '../rows/history.ts'
import { placeOfRow, storePlace } from '../rows/rows.ts'
import type { RowPlace } from '../rows/rows.ts'
import { StoreFault } from '../stores/store.ts'
import type { SecretStore } from '../stores/store.ts'

/**
 * Forgets all secrets of a server, or of a holder, in the transaction that removes it. The values are destroyed
 * afterwards (`finishErasures`): a store may be away, and takes part in no transaction. Nobody reads them meanwhile.
 */
export async function forgetSecrets(
  trx: Transaction<Database>,
  { column, value, by }: { column: 'server' | 'holder_id'; value: string; by: string },
): Promise<RowPlace[]> {
  const rows = await trx
    .deleteFrom('secrets')
    .where(column, '=', value)
    .returning(['holder_kind', 'holder_id', 'server', 'version'])
    .execute()
  if (rows.length === 0) return []
  const places = rows.map(placeOfRow)
  const erasures = places.map(({ kind, holderId, server }) => ({ holder_kind: kind, holder_id: holderId, server }))
  await trx
    .insertInto('secret_erasures')
    .values(erasures)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  for (const row of rows) await note(trx, [placeOfRow(row)], { by, act: 'deleted', version: row.version })
  return places
}

/** Destroys what was forgotten here before, so that nobody does so once something new lies there. */
export async function finishErasure(db: Kysely<Database>, store: SecretStore, { kind, holderId, server }: RowPlace): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const erasure = trx.deleteFrom('secret_erasures').where('holder_id', '=', holderId).where('server', '=', server)
    const rows = await erasure.returning('server').execute()
    if (rows.length > 0) await store.delete(storePlace({ kind, holderId, server }))
  })
}

/** What the removal of a server or a group takes with it, in words. */
export async function secretTexts(db: Db, { column, value }: { column: 'server' | 'holder_id'; value: string }): Promise<string[]> {
  const query = db.selectFrom('secrets').select(({ fn }) => fn.countAll<number | string>().as('count'))
  const { count } = await query.where(column, '=', value).executeTakeFirstOrThrow()
  return Number(count) === 0 ? [] : [`${count} ${Number(count) === 1 ? 'secret' : 'secrets'}`]
}

/** Destroys at once what was forgotten just now. A store that is away is asked again by the upkeep. */
export const tryErasures = (db: Kysely<Database>, store: SecretStore): Promise<void> =>
  finishErasures(db, store, () => undefined).catch(() => undefined)

const atOnce = 100

/** Destroys the values of secrets that were forgotten. What the store does not take is tried again later. */
export async function finishErasures(db: Kysely<Database>, store: SecretStore, log: Log): Promise<void> {
  const rows = await db.selectFrom('secret_erasures').selectAll().orderBy('since').limit(atOnce).execute()
  for (const row of rows) {
    try {
      await finishErasure(db, store, placeOfRow(row))
    } catch (error) {
      log('warn', 'secret-not-erased', { server: row.server, why: errorText(error) })
      // A store that is away does none of them. What it cannot read keeps no other one waiting.
      if (!(error instanceof StoreFault) || error.retryable) return
    }
  }
}

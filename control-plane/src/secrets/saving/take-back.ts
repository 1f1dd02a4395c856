import type { Ctx } from '../../base/context.ts'
import { readSecretRow, storePlace } from '../rows/rows.ts'
import type { RowPlace, SecretRow } from '../rows/rows.ts'
import { StoreFault } from '../stores/store.ts'
import type { StoredSecret } from '../stores/store.ts'

/** What was there before, as it was when the secret was tried. */
export interface Seen {
  row: SecretRow | undefined
  stored: StoredSecret | undefined
}

/**
 * The store took a value, and then it was refused. What was there before is put back; where there was nothing, or its
 * row is gone or another one's, the value is destroyed. What somebody else wrote over it stays. A store that does not
 * do it now is asked again by the upkeep, and nobody gets the value until then.
 */
export async function takeBack(ctx: Ctx, place: RowPlace, { storeVersion, seen }: { storeVersion: string; seen: Seen }): Promise<void> {
  try {
    const row = await readSecretRow(ctx.db, place)
    if (row?.store_version === storeVersion) return
    if (row && seen.stored && row.version === seen.row?.version) await putBack(ctx, row, seen.stored, { place, storeVersion })
    else await destroy(ctx, place, storeVersion)
  } catch (error) {
    if (error instanceof StoreFault && error.kind === 'conflict') return
    await destroyLater(ctx, place).catch(() => undefined)
  }
}

async function putBack(
  { db, secrets }: Ctx,
  row: SecretRow,
  { fields }: StoredSecret,
  { place, storeVersion }: { place: RowPlace; storeVersion: string },
): Promise<void> {
  const store_version = await secrets.store.write(storePlace(place), fields, storeVersion)
  await db.updateTable('secrets').set({ store_version }).where('id', '=', row.id).where('version', '=', row.version).execute()
}

async function destroy({ secrets }: Ctx, place: RowPlace, storeVersion: string): Promise<void> {
  const there = await secrets.store.read(storePlace(place))
  if (there?.storeVersion === storeVersion) await secrets.store.delete(storePlace(place))
}

async function destroyLater({ db }: Ctx, { kind, holderId, server }: RowPlace): Promise<void> {
  await db
    .insertInto('secret_erasures')
    .values({ holder_kind: kind, holder_id: holderId, server })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

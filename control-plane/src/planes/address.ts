import type { PlaneAddress } from '@bir/sdk/contract/internal'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'

/** Stores the URL at which other planes reach this plane. The roster in the next snapshot contains it. */
export async function setPlaneAddress(ctx: Ctx, id: string, { internalUrl }: PlaneAddress): Promise<void> {
  await change(ctx, { action: 'planes.moved', target: id }, async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('planes')
      .set({ internal_url: internalUrl })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('internal_url', 'is', null), eb('internal_url', '!=', internalUrl)]))
      .executeTakeFirst()
    return numUpdatedRows === 0n ? { value: undefined, dirty: 'nothing' } : { value: undefined, dirty: [], detail: internalUrl }
  })
}

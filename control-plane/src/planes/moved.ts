import type { PlaneAddress } from '@bir/sdk/contract/internal'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'

/** A plane says where others reach it: the roster in the next snapshot has it. */
export async function moved(ctx: Ctx, id: string, { internalUrl }: PlaneAddress): Promise<void> {
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

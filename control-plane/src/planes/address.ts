import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'

/**
 * Stores the URL at which other planes reach this plane. The roster in the next snapshot contains it. A change is
 * recorded, with the URL from before.
 */
export async function setPlaneAddress(ctx: Ctx, id: string, internalUrl: string): Promise<void> {
  await change(ctx, { action: 'planes.moved', target: id }, async (trx) => {
    const { internal_url: before } = await trx.selectFrom('planes').select('internal_url').where('id', '=', id).executeTakeFirstOrThrow()
    if (before === internalUrl) return { value: undefined, dirty: 'nothing' }
    await trx.updateTable('planes').set({ internal_url: internalUrl }).where('id', '=', id).execute()
    return { value: undefined, dirty: [], detail: before === null ? internalUrl : `${internalUrl}, before: ${before}` }
  })
}

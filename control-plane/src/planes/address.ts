import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'

interface Address {
  internalUrl: string
  /** The plane opens tokens that are sealed to its key. */
  opensSealed: boolean
}

/**
 * Stores the URL at which other planes reach this plane. The roster in the next snapshot contains it. A change is
 * recorded, with the URL from before.
 */
export async function setPlaneAddress(ctx: Ctx, id: string, { internalUrl, opensSealed }: Address): Promise<void> {
  await change(ctx, { action: 'planes.moved', target: id }, async (trx) => {
    const query = trx.selectFrom('planes').select(['internal_url', 'opens_sealed']).where('id', '=', id)
    const { internal_url: before, opens_sealed: openedSealed } = await query.executeTakeFirstOrThrow()
    const hasMoved = before !== internalUrl
    if (!hasMoved && openedSealed === opensSealed) return { value: undefined, dirty: 'nothing' }
    await trx.updateTable('planes').set({ internal_url: internalUrl, opens_sealed: opensSealed }).where('id', '=', id).execute()
    return { value: undefined, dirty: [], silent: !hasMoved, detail: before === null ? internalUrl : `${internalUrl}, before: ${before}` }
  })
}

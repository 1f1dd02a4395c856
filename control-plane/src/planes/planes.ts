import type { Database } from '@bir/db/schema'
import type { api } from '@bir/sdk/contract/api'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { list } from '../plane-state/list.ts'

/**
 * Expels a plane: it is not on the roster, its requests are refused, and the sealing keys and join lines that it knows
 * are replaced.
 */
export async function expel(ctx: Ctx, { id }: z.infer<typeof api.planes.expel.input>): Promise<{ revision: number }> {
  const { revision } = await change(ctx, { action: 'planes.expel', target: id }, async (trx) => {
    const row = await trx.selectFrom('planes').select(['name', 'join_line', 'expelled_at']).where('id', '=', id).executeTakeFirst()
    if (!row) throw notFound('plane', id)
    if (row.expelled_at) throw new ApiError('conflict', 'This plane has been expelled already.')
    await trx.updateTable('planes').set({ expelled_at: new Date() }).where('id', '=', id).execute()
    await voidLinesOf(trx, row)
    // The next plane that asks for the sealing keys makes us create new ones.
    await trx.deleteFrom('keys').where('purpose', '=', 'sealing').execute()
    return { value: undefined, dirty: [] }
  })
  await ctx.joinLines.renewFile()
  return { revision }
}

/** A plane could know the line that it joined with, those for its name, and those in files for the next plane. */
async function voidLinesOf(trx: Transaction<Database>, { name, join_line }: { name: string; join_line: string | null }): Promise<void> {
  await trx
    .updateTable('join_lines')
    .set({ void_at: new Date(), void_reason: 'expulsion' })
    .where('void_at', 'is', null)
    .whereRef('used', '<', 'uses')
    .where((eb) => eb.or([eb('origin', '=', 'file'), eb('name', '=', name), ...(join_line === null ? [] : [eb('id', '=', join_line)])]))
    .execute()
}

/**
 * Takes a plane that is gone for good off the list. It is on no roster and its requests are refused, as after an
 * expulsion; but nothing of what it knew is replaced, for nobody suspects it.
 */
export async function forget(ctx: Ctx, { id }: z.infer<typeof api.planes.forget.input>): Promise<{ revision: number }> {
  const state = (await list(ctx)).items.find((plane) => plane.id === id)
  if (!state) throw notFound('plane', id)
  if (state.expelled) throw new ApiError('conflict', state.forgotten ? 'This plane is forgotten already.' : 'This plane has been expelled.')
  if (state.standing !== 'away' && state.standing !== 'stopped')
    throw new ApiError('conflict', `The plane ${state.name} was heard of at ${state.seenAt}: stop its process first, and wait a minute.`)
  const waiting = state.audit?.waiting ?? 0
  if (waiting > 0)
    throw new ApiError(
      'conflict',
      `The plane ${state.name} has audit records that are not stored here: ${waiting}. Start it again and they come; or expel it, and they are lost.`,
    )
  const { revision } = await change(ctx, { action: 'planes.forget', target: id, detail: state.name }, async (trx) => {
    const gone = { expelled_at: new Date(), forgotten: true }
    await trx.updateTable('planes').set(gone).where('id', '=', id).where('expelled_at', 'is', null).execute()
    return { value: undefined, dirty: [] }
  })
  return { revision }
}

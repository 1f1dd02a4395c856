import type { Database } from '@bir/db/schema'
import type { api } from '@bir/sdk/contract/api'
import type { PlaneState } from '@bir/sdk/contract/entities'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import { auditOf } from '../audit/standing.ts'
import type { Ctx } from '../base/context.ts'

/** All planes that ever joined. Expelled planes are listed too, because their audit records stay. */
export async function list({ db }: Ctx): Promise<{ items: z.infer<typeof PlaneState>[] }> {
  const rows = await db
    .selectFrom('planes')
    .leftJoin('audit_chains', 'audit_chains.plane', 'planes.id')
    .selectAll('planes')
    .select('seq')
    .orderBy('id')
    .execute()
  const items = rows.map((row) => ({
    id: row.id,
    name: row.name,
    publicKey: JSON.parse(row.public_jwk),
    joinedAt: row.joined_at.toISOString(),
    seenAt: row.seen_at?.toISOString() ?? null,
    revision: row.revision === null ? null : Number(row.revision),
    rejected: row.rejected_revision === null ? null : { revision: Number(row.rejected_revision), reasons: row.rejected_reasons },
    auditSeq: Number(row.seq ?? 0),
    audit: auditOf({ ...row, seq: row.seq ?? 0 }, Date.now()),
    expelled: row.expelled_at !== null,
    expelledAt: row.expelled_at?.toISOString() ?? null,
  }))
  return { items }
}

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

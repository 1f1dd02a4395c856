import type { api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { list } from '../planes/planes.ts'

/** The newest revision, and the revision of each plane that is not expelled. */
export async function status(ctx: Ctx): Promise<z.infer<typeof api.snapshot.status.output>> {
  const row = await ctx.db
    .selectFrom('revisions')
    .select(['revision', 'root', 'at'])
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) throw new ApiError('unavailable', 'No policy has been published yet.')
  const { items } = await list(ctx)
  return { revision: Number(row.revision), root: row.root, at: row.at.toISOString(), planes: items.filter(({ expelled }) => !expelled) }
}

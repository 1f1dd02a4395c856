import type { api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { list, newestRevision } from '../plane-state/list.ts'

/** The newest revision, and where each plane that is not expelled stands. */
export async function status(ctx: Ctx): Promise<z.infer<typeof api.snapshot.status.output>> {
  const newest = await newestRevision(ctx.db)
  if (!newest) throw new ApiError('unavailable', 'No policy has been published yet.')
  const { revision, root, history, at } = newest
  const { items } = await list(ctx)
  return {
    revision,
    root,
    ...(history !== undefined && { history }),
    at: at.toISOString(),
    planes: items.filter(({ expelled }) => !expelled),
  }
}

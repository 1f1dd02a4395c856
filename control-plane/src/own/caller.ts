import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'

/** The row of whoever calls. Throws `forbidden` for an operator, who is no person. */
export async function callerRow({ db, actor }: Pick<Ctx, 'db' | 'actor'>): Promise<{ id: string; handle: string }> {
  const row =
    actor.userId === undefined
      ? undefined
      : await db.selectFrom('users').select(['id', 'handle']).where('id', '=', actor.userId).executeTakeFirst()
  if (row) return row
  throw new ApiError('forbidden', 'Only people and service accounts have servers and records of their own.')
}

import type { api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { MAX_TOKEN_LIFE_MS } from '../keys/rotation.ts'

/** Voids a token or a session on every plane with the next revision. Kept until anything it could void has expired by itself. */
export async function revoke(ctx: Ctx, { jti, sid }: z.infer<typeof api.tokens.revoke.input>): Promise<{ revision: number }> {
  const given = [...(jti ? [{ kind: 'token', id: jti } as const] : []), ...(sid ? [{ kind: 'session', id: sid } as const] : [])]
  if (given.length === 0) throw new ApiError('invalid_input', 'Give the jti of a token or the sid of a session.')
  const rows = given.map((row) => ({ ...row, expires_at: new Date(Date.now() + MAX_TOKEN_LIFE_MS) }))
  const target = given.map(({ kind, id }) => `${kind} ${id}`).join(', ')
  const { revision } = await change(ctx, { action: 'tokens.revoke', target }, async (trx) => {
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto('revocations')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return { value: undefined, dirty: numInsertedOrUpdatedRows > 0n ? [] : 'nothing' }
  })
  return { revision }
}

import type { api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { revokeById } from '../personal-tokens/personal-tokens.ts'
import { MAX_TOKEN_LIFE_MS } from '../keys/rotation.ts'
import { endAndVoid } from '../sessions/end-session.ts'
import { voidExchanged } from '../sessions/exchanged.ts'

/**
 * Revokes a token, with all that it was exchanged for, or a session, which ends then. Every plane learns it with the
 * next revision. The row stays until every token that it could revoke has expired.
 */
export async function revoke(ctx: Ctx, { jti, sid }: z.infer<typeof api.tokens.revoke.input>): Promise<{ revision: number }> {
  const revocations = [...(jti ? [{ kind: 'token', id: jti } as const] : []), ...(sid ? [{ kind: 'session', id: sid } as const] : [])]
  if (revocations.length === 0) throw new ApiError('invalid_input', 'Give the jti of a token or the sid of a session.')
  const rows = revocations.map((row) => ({ ...row, expires_at: new Date(Date.now() + MAX_TOKEN_LIFE_MS) }))
  const target = revocations.map(({ kind, id }) => `${kind} ${id}`).join(', ')
  const about = { ...(jti ? { tokenId: jti } : {}), ...(sid ? { sessionId: sid } : {}) }
  const { revision } = await change(ctx, { action: 'tokens.revoke', target, about }, async (trx) => {
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto('revocations')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    // A personal access token may outlive the row that voids other tokens.
    if (jti) await revokeById(trx, jti)
    const copies = jti ? await voidExchanged(trx, { jti }) : 0
    const ended = sid === undefined ? [] : await endAndVoid(trx, { sid }, `revoked by ${ctx.actor.label}`)
    return { value: undefined, dirty: numInsertedOrUpdatedRows > 0n || copies + ended.length > 0 ? [] : 'nothing' }
  })
  return { revision }
}

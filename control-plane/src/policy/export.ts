import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import type { Ctx } from '../base/context.ts'
import { fileOf } from './file-of.ts'
import { readState } from './state.ts'

/** Exports the policy in force as one complete file. Applying that file changes nothing. */
export async function exportPolicy(ctx: Ctx): Promise<PolicyFile> {
  const state = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((trx) => readState(trx, { withMembers: true }))
  return fileOf(state)
}

import type { Api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { findRecords, refuseEmptySpan } from '../audit/search.ts'
import type { Ctx } from '../base/context.ts'
import { callerRow } from './caller.ts'

/** The caller's own records. */
export async function activity(ctx: Ctx, input: z.output<Api['own']['activity']['input']>) {
  const { id, handle } = await callerRow(ctx)
  refuseEmptySpan(input)
  return findRecords(ctx.db, { ...input, user: handle, subject: id })
}

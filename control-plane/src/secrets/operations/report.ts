import { SHARED_ID } from '@bir/db/schema'
import type { SecretReadRequest, SecretVerdictReport } from '@bir/sdk/contract/secret-messages'
import { isUsable, SecretState } from '@bir/sdk/contract/secret-state'
import type { Ctx } from '../../base/context.ts'
import { judge } from '../proving/policy.ts'
import { secretHolderNames } from '../rows/holder.ts'
import { neededBy } from '../rows/needed.ts'
import { isProvenFor } from '../rows/proven-for.ts'
import { readSecretRow, storePlace } from '../rows/rows.ts'
import { applyVerdict } from './apply-verdict.ts'
import { noValue } from './check.ts'

/** Takes over what a data plane found out about a secret, if it is about the value of now. */
export async function takeReport(ctx: Ctx, { server, holder, version, verdict }: SecretVerdictReport): Promise<void> {
  const { db, catalog } = ctx
  const place = { kind: holder.kind, holderId: holder.kind === 'shared' ? SHARED_ID : holder.id, server }
  const row = await readSecretRow(db, place)
  if (row?.version !== version || row.state === 'moved') return
  const { need } = await neededBy(db, catalog, server)
  if (!isProvenFor(row, need)) return
  const { handle } = (await secretHolderNames(db, [row]))(row)
  const judged = await judge(db, need.policy, { kind: place.kind, holderId: place.holderId, handle }, verdict)
  await applyVerdict(ctx, row, judged.verdict)
}

/**
 * A data plane found no value for a secret. Looks in the store itself: where there is none, the secret is `invalid`
 * from now on. Says whether it is so. Throws `StoreFault` when the store does not answer.
 */
export async function takeMissing(ctx: Ctx, { server, holder, version }: SecretReadRequest): Promise<boolean> {
  const place = { kind: holder.kind, holderId: holder.kind === 'shared' ? SHARED_ID : holder.id, server }
  const row = await readSecretRow(ctx.db, place)
  if (row?.version !== version || (await ctx.secrets.store.read(storePlace(place)))) return false
  if (isUsable(SecretState.catch('invalid').parse(row.state))) await applyVerdict(ctx, row, noValue)
  return (await readSecretRow(ctx.db, place))?.version === version
}

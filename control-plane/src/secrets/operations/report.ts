import { SHARED_ID } from '@bir/db/schema'
import type { SecretVerdictReport } from '@bir/sdk/contract/secret-messages'
import type { Ctx } from '../../base/context.ts'
import { judge } from '../proving/policy.ts'
import { secretHolderNames } from '../rows/holder.ts'
import { neededBy } from '../rows/needed.ts'
import { isProvenFor } from '../rows/proven-for.ts'
import { readSecretRow } from '../rows/rows.ts'
import { applyVerdict } from './apply-verdict.ts'

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

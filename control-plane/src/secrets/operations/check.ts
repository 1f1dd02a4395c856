import type { Api } from '@bir/sdk/contract/api'
import type { SecretResult } from '@bir/sdk/contract/secret-entities'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { judge } from '../proving/policy.ts'
import { describeSecretHolder, holderOf, refuseUnknownServer } from '../rows/holder.ts'
import type { NamedHolder } from '../rows/holder.ts'
import { neededBy } from '../rows/needed.ts'
import { placeOfRow, readSecretRow, stateOf, storePlace } from '../rows/rows.ts'
import type { SecretRow } from '../rows/rows.ts'
import { applyVerdict } from './apply-verdict.ts'
import { canBeTried } from '../saving/fields.ts'
import { resultOf } from './result.ts'
import { withStore } from '../saving/store-errors.ts'

/** Tries the stored secret now. */
export async function check(ctx: Ctx, input: z.output<Api['secrets']['check']['input']>): Promise<SecretResult> {
  const { db, actor } = ctx
  await refuseUnknownServer(db, actor, input.server)
  const holder = await holderOf(db, actor, input)
  const row = await readSecretRow(db, { kind: holder.kind, holderId: holder.holderId, server: input.server })
  if (!row) throw noSecret(input.server, holder)
  return recheck(ctx, row, holder)
}

export const noSecret = (server: string, holder: Pick<NamedHolder, 'kind' | 'handle'>) =>
  new ApiError('not_found', `There is no secret of ${describeSecretHolder(holder)} for ${server}.`)

/** Tries a stored secret, and takes over what the service says. */
export async function recheck(ctx: Ctx, row: SecretRow, holder: NamedHolder): Promise<SecretResult> {
  const verdict = await verdictOn(ctx, row, holder)
  if (verdict === 'moved' || verdict === undefined) {
    const state = stateOf(row, Date.now())
    return { saved: true, verdict: 'unchecked', says: verdict === 'moved' ? movedText : untriedText, state }
  }
  const revision = await applyVerdict(ctx, row, verdict)
  const now = (await readSecretRow(ctx.db, placeOfRow(row))) ?? row
  return resultOf(verdict, { saved: true, state: stateOf(now, Date.now()), ...(revision !== undefined && { revision }) })
}

const movedText = 'The server is at another address since this secret was saved. It is sent nowhere: put it again if it is good there too.'
const untriedText = 'Nothing of this server can try it.'

async function verdictOn({ db, catalog, secrets }: Ctx, row: SecretRow, holder: NamedHolder): Promise<SecretVerdict | 'moved' | undefined> {
  const { row: server, need } = await neededBy(db, catalog, row.server)
  if (row.audience !== need.audience) return 'moved'
  const stored = await withStore(() => secrets.store.read(storePlace(placeOfRow(row))))
  if (!stored) return { verdict: 'invalid', says: 'The store has no value for this secret any more: put it again.' }
  if (!canBeTried(need, stored.fields)) return undefined
  const { mounted, settings } = need
  const verdict = await secrets.prove({ server: server.id, kind: server.kind, mounted, settings, fields: stored.fields })
  return verdict && (await judge(db, need.policy, holder, verdict)).verdict
}

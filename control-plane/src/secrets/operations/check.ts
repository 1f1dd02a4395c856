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
import { isProvenFor } from '../rows/proven-for.ts'
import { placeOfRow, readSecretRow, stateOf, storePlace } from '../rows/rows.ts'
import type { SecretRow } from '../rows/rows.ts'
import { applyVerdict, UNREADABLE } from './apply-verdict.ts'
import { canBeTried, storedFault } from '../saving/fields.ts'
import { resultOf } from './result.ts'
import { isUnreadable } from '../stores/store.ts'
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
  if (verdict === undefined || typeof verdict === 'string') {
    const says = untriedTexts[verdict ?? 'untried']
    return { saved: true, verdict: 'unchecked', says, state: stateOf(row, Date.now()) }
  }
  const revision = await applyVerdict(ctx, row, verdict)
  const now = (await readSecretRow(ctx.db, placeOfRow(row))) ?? row
  return resultOf(verdict, { saved: true, state: stateOf(now, Date.now()), ...(revision !== undefined && { revision }) })
}

/** What is said of a secret whose value is not in the store. No service is asked. */
export const noValue: SecretVerdict = { verdict: 'invalid', says: 'The store has no value for this secret any more: put it again.' }

/** Why a secret was not tried. */
const untriedTexts = {
  off: 'The server is switched off: nothing is sent to it.',
  moved: 'The server is at another address since this secret was saved. It is sent nowhere: put it again if it is good there too.',
  changed: 'Somebody else changed this secret meanwhile: check it again.',
  untried: 'Nothing of this server can try it.',
}
type Untried = Exclude<keyof typeof untriedTexts, 'untried'>

async function verdictOn(
  { db, actor, catalog, secrets }: Ctx,
  row: SecretRow,
  holder: NamedHolder,
): Promise<SecretVerdict | Untried | undefined> {
  const { row: server, need } = await neededBy(db, catalog, row.server)
  if (server.killed) return 'off'
  if (!isProvenFor(row, need)) return 'moved'
  const stored = await withStore(actor, 'read', () => secrets.store.read(storePlace(placeOfRow(row))).catch(asUnreadable))
  // Another value may be meant for another address.
  if ((await readSecretRow(db, placeOfRow(row)))?.version !== row.version) return 'changed'
  if (stored === 'unreadable') return UNREADABLE
  if (!stored) return noValue
  const fault = storedFault(need, row.holder_kind, stored.fields)
  if (fault !== undefined)
    return { verdict: 'invalid', says: `What lies in the store is not a secret for this server: ${fault}. Put it again.` }
  if (!canBeTried(need, stored.fields)) return undefined
  const { mounted, settings } = need
  const verdict = await secrets.prove({ server: server.id, kind: server.kind, mounted, settings, fields: stored.fields })
  return verdict && (await judge(db, need.policy, holder, verdict)).verdict
}

function asUnreadable(error: unknown): 'unreadable' {
  if (isUnreadable(error)) return 'unreadable'
  throw error
}

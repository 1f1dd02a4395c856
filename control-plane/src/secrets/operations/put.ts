import type { Api } from '@bir/sdk/contract/api'
import type { SecretResult } from '@bir/sdk/contract/secret-entities'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { isJudged } from '@bir/sdk/contract/secret-verdict'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { holdsOn } from '../../holders/holds-on.ts'
import { withinTries } from '../proving/limit.ts'
import { judge } from '../proving/policy.ts'
import { note } from '../rows/history.ts'
import { describeSecretHolder, holderOf, refuseUnknownServer } from '../rows/holder.ts'
import type { NamedHolder } from '../rows/holder.ts'
import { neededBy } from '../rows/needed.ts'
import type { NeededBy } from '../rows/needed.ts'
import { audienceFor, isProvenFor } from '../rows/proven-for.ts'
import { readSecretRow, stateOf, storePlace } from '../rows/rows.ts'
import { finishErasure } from '../erasures/erasures.ts'
import { canBeTried, fieldsFor, mergedFields, refuseBadFields, refuseMissing } from '../saving/fields.ts'
import { resultOf } from './result.ts'
import { save } from '../saving/save.ts'
import type { Saved } from '../saving/save.ts'
import type { Seen } from '../saving/take-back.ts'
import { isUnreadable } from '../stores/store.ts'
import type { StoredSecret } from '../stores/store.ts'
import { withStore } from '../saving/store-errors.ts'

type Input = z.output<Api['secrets']['put']['input']>

/** Tries a secret, and saves it when it is good. One that is imported is never saved unchecked. */
export async function put(ctx: Ctx, input: Input, more: { act?: Saved['act'] } = {}): Promise<SecretResult> {
  const result = await triedAndSaved(ctx, input, more)
  const { user } = input
  if (!result.saved || user === undefined) return result
  const holder = await holderOf(ctx.db, ctx.actor, { user })
  if (await holdsOn(ctx.db, holder.holderId, input.server)) return result
  const idle = `${user} has no grant on ${input.server}: nothing uses this secret until there is one.`
  return { ...result, warnings: [...(result.warnings ?? []), idle] }
}

async function triedAndSaved(ctx: Ctx, input: Input, { act = 'saved' }: { act?: Saved['act'] }): Promise<SecretResult> {
  const { db, actor, catalog } = ctx
  await refuseUnknownServer(db, actor, input.server)
  const holder = await holderOf(db, actor, input)
  const needed = await neededBy(db, catalog, input.server)
  refuseKilled(needed)
  refuseUseless(needed, holder)
  refuseUncheckedBy(ctx, needed, input)
  const allowed = fieldsFor(needed.need, holder.kind)
  refuseBadFields(input.server, allowed, input.fields)

  const place = { kind: holder.kind, holderId: holder.holderId, server: input.server }
  await withStore(actor, 'read', () => finishErasure(db, ctx.secrets.store, place), input.server)
  const row = await readSecretRow(db, place)
  const stored = await withStore(actor, 'read', () => ctx.secrets.store.read(storePlace(place)).catch(writtenOver), input.server)
  // What was proven for another address is not sent to this one.
  const kept = row && isProvenFor(row, needed.need) ? (stored?.fields ?? {}) : {}
  const fields = mergedFields(allowed, kept, input.fields)
  refuseMissing(needed.need, holder.kind, fields)
  const seen = { row, stored }
  return tryAndSave(ctx, { needed, holder, fields, seen, unchecked: input.unchecked === true, act })
}

interface Tried {
  needed: NeededBy
  holder: NamedHolder
  fields: SecretFields
  seen: Seen
  /** An administrator wants it saved although nobody can say whether it is good. */
  unchecked: boolean
  act: Saved['act']
}

async function tryAndSave(ctx: Ctx, { needed, holder, fields, seen, unchecked, act }: Tried): Promise<SecretResult> {
  const { row, need } = needed
  const place = { kind: holder.kind, holderId: holder.holderId, server: row.id }
  const saving = { server: row.id, holder, fields, audience: audienceFor(need, holder.kind), act }
  const tried = canBeTried(need, fields) ? await trial(ctx, needed, holder, fields, act) : undefined
  if (!tried && act === 'imported')
    return { saved: false, verdict: 'unchecked', says: 'Nothing of this server can try it: give it by hand.' }
  if (!tried) {
    const revision = await save(ctx, { ...saving, state: 'unchecked', verdict: undefined }, seen)
    return { saved: true, verdict: 'unchecked', says: untriedText, state: 'unchecked', revision }
  }

  const { verdict, warnings, refusal } = tried
  const told = warnings.length > 0 ? { warnings } : {}
  if (verdict.verdict === 'ok' && refusal === undefined) {
    const revision = await save(ctx, { ...saving, state: 'ok', verdict }, seen)
    const state = stateOf({ state: 'ok', expires_at: verdict.expiresAtMs === undefined ? null : new Date(verdict.expiresAtMs) }, Date.now())
    return resultOf(verdict, { saved: true, ...told, state, revision })
  }
  if (unchecked && !isJudged(verdict.verdict)) {
    const revision = await save(ctx, { ...saving, state: 'unchecked', verdict: undefined }, seen)
    return resultOf(verdict, { saved: true, state: 'unchecked', revision })
  }
  if (isJudged(verdict.verdict)) await recordRefused(ctx, place, holder, verdict, refusal)
  const before = seen.row ? { state: stateOf(seen.row, Date.now()) } : {}
  return resultOf(refusal === undefined ? verdict : { ...verdict, says: refusal }, { saved: false, ...before })
}

const untriedText = 'It was saved unchecked: nothing of this server can try it.'

/** Who imports guesses nothing: the tokens are those that a store has. */
function trial({ db, actor, secrets }: Ctx, { row, need }: NeededBy, holder: NamedHolder, fields: SecretFields, act: Saved['act']) {
  const run = async () => {
    const verdict = await secrets.prove({ server: row.id, kind: row.kind, mounted: need.mounted, settings: need.settings, fields })
    return verdict && judge(db, need.policy, holder, verdict)
  }
  return act === 'imported' ? run() : withinTries(db, actor.id, run)
}

/** That a secret was refused changes nothing, and is known all the same. */
async function recordRefused(
  { db, actor, recordChange }: Ctx,
  place: Parameters<typeof readSecretRow>[1],
  holder: NamedHolder,
  verdict: SecretVerdict,
  refusal: string | undefined,
): Promise<void> {
  const why = refusal === undefined ? verdict.verdict : 'may do too much'
  await db.transaction().execute(async (trx) => {
    await note(trx, [place], { by: actor.label, act: 'refused', verdict })
    await recordChange(trx, {
      action: 'secrets.refused',
      target: place.server,
      detail: `secret of ${describeSecretHolder(holder)}: ${why}`,
      actor,
    })
  })
}

/** The switch is there for a server that must not be spoken to. */
function refuseKilled({ row }: NeededBy): void {
  if (row.killed)
    throw new ApiError('conflict', `The server ${row.id} is switched off for everyone: nothing is sent to it, and nothing saved.`)
}

/** Nothing is kept that no server would use. */
function refuseUseless({ row, need }: NeededBy, { kind }: NamedHolder): void {
  const fields = fieldsFor(need, kind)
  if (fields.length === 0) throw new ApiError('invalid_input', `${row.id} needs no secret${kind === 'shared' ? '' : ' of people'}.`)
  const isUsed = need.order.includes(kind) || (kind === 'shared' && need.named.length > 0)
  if (isUsed) return
  const whose = { person: 'secrets of people', group: 'secrets of groups', shared: 'no shared secret' }[kind]
  throw new ApiError(
    'invalid_input',
    `The policy of ${row.id} uses ${kind === 'shared' ? whose : `no ${whose}`}: secret.from is ${need.order.join(', ')}.`,
  )
}

function refuseUncheckedBy({ actor }: Ctx, { row, need }: NeededBy, { unchecked }: Input): void {
  if (unchecked !== true) return
  if (!actor.administrator)
    throw new ApiError('forbidden', 'Only an administrator may save a secret unchecked.', { reason: 'not-administrator' })
  const canSomebodyTry = need.mounted !== undefined || row.kind === 'remote'
  if (canSomebodyTry && need.policy.unchecked !== true)
    throw new ApiError('invalid_input', `unchecked: the policy of ${row.id} does not allow it: set secret.unchecked: true there first.`)
}

/** What cannot be read is written over, where nothing else lies with it. */
function writtenOver(error: unknown): StoredSecret {
  if (isUnreadable(error) && error.unreadable.storeVersion !== undefined) return { fields: {}, storeVersion: error.unreadable.storeVersion }
  throw error
}

import type { Database } from '@bir/db/schema'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretState } from '@bir/sdk/contract/secret-state'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Transaction } from 'kysely'
import { ApiError } from '../../base/api-error.ts'
import { change } from '../../base/context.ts'
import type { Ctx } from '../../base/context.ts'
import { outageText } from '../../base/outage.ts'
import { readSettings } from '../../settings/settings.ts'
import { note } from '../rows/history.ts'
import { describeSecretHolder } from '../rows/holder.ts'
import type { NamedHolder } from '../rows/holder.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { neededBy } from '../rows/needed.ts'
import { nextCheck } from '../rows/next-check.ts'
import { audienceFor } from '../rows/proven-for.ts'
import { highestVersion, readSecretRow, storePlace } from '../rows/rows.ts'
import type { Db } from '../../policy-rows/types.ts'
import { changedMeanwhile, withStore } from './store-errors.ts'
import { takeBack } from './take-back.ts'
import type { Seen } from './take-back.ts'

/** A secret that may be saved: it was proven, or nobody can say. */
export interface Saved {
  server: string
  holder: NamedHolder
  fields: SecretFields
  /** What it was proven for. */
  audience: string
  state: Extract<SecretState, 'ok' | 'unchecked'>
  /** Of the service, where it judged. */
  verdict: SecretVerdict | undefined
  act: 'saved' | 'imported'
}

/**
 * Writes the values to the store, if it still has what was seen; then what is known of them to the database, and
 * publishes that. Whoever lost the right to save it while it was tried is refused before and after the write, and what
 * was written is taken back. Resolves with the revision.
 */
export async function save(ctx: Ctx, saved: Saved, seen: Seen): Promise<number> {
  const { server, holder, fields } = saved
  const place = { kind: holder.kind, holderId: holder.holderId, server }
  await ctx.caller?.confirm(ctx.db)
  await refuseChanged(ctx.db, ctx, saved)
  const storeVersion = await withStore(ctx.actor, 'write', () =>
    ctx.secrets.store.write(storePlace(place), fields, seen.stored?.storeVersion ?? null),
  )
  try {
    const { revision } = await change(
      ctx,
      { action: `secrets.${saved.act === 'imported' ? 'import' : 'put'}`, target: server },
      async (trx) => {
        await refuseChanged(trx, ctx, saved)
        const { version, before } = await nextVersion(trx, saved, seen)
        await writeRow(trx, ctx, saved, { version, storeVersion })
        await note(trx, [place], { by: ctx.actor.label, act: saved.act, version, state: saved.state, verdict: saved.verdict })
        const detail = `secret of ${describeSecretHolder(holder)}, fields ${Object.keys(fields).sort().join(', ')}: ${saved.state}, version ${version}`
        return { value: undefined, dirty: await bucketsOfSecrets(trx, [place], { appears: before === undefined }), detail }
      },
    )
    return revision
  } catch (error) {
    if (outageText(error) === undefined) await takeBack(ctx, place, { storeVersion, seen })
    throw stored(error)
  }
}

/** The store has the value and the database does not know: nothing is lost, and the same again mends it. */
function stored(error: unknown): unknown {
  const outage = outageText(error)
  if (outage === undefined) return error
  const text = `${outage} The secret lies in the store already, and what is known of it was not written down: save it once more.`
  return new ApiError('unavailable', text, { cause: error })
}

/** While it was tried, its server may have moved or gone, or its holder. */
async function refuseChanged(db: Db, { catalog }: Ctx, { server, holder, audience }: Saved): Promise<void> {
  const { need } = await neededBy(db, catalog, server)
  if (audienceFor(need, holder.kind) !== audience)
    throw new ApiError('not_found', `${server} is at another address since: nothing was saved. Look at the server, and try again.`)
  if (holder.kind === 'shared') return
  const table = holder.kind === 'person' ? 'users' : 'groups'
  const row = await db.selectFrom(table).select('id').where('id', '=', holder.holderId).executeTakeFirst()
  if (!row) throw new ApiError('not_found', `There is no ${describeSecretHolder(holder)} any more: nothing was saved.`)
}

/**
 * The version of what was saved. Somebody else's row is kept when it is about a value that took the place of ours in
 * the store: theirs was written last.
 */
async function nextVersion(trx: Transaction<Database>, { server, holder }: Saved, seen: Seen) {
  const place = { kind: holder.kind, holderId: holder.holderId, server }
  const before = await readSecretRow(trx, place)
  const isAsSeen =
    before?.version === seen.row?.version || (before !== undefined && before.store_version === (seen.stored?.storeVersion ?? null))
  if (!isAsSeen) throw changedMeanwhile()
  return { version: (await highestVersion(trx, place)) + 1, before }
}

async function writeRow(
  trx: Transaction<Database>,
  { secrets, actor }: Ctx,
  { server, holder, fields, audience, state, verdict }: Saved,
  { version, storeVersion }: { version: number; storeVersion: string },
): Promise<void> {
  const now = new Date()
  const settings = await readSettings(trx)
  const row = {
    fields: Object.keys(fields).sort(),
    version,
    store: secrets.store.kind,
    store_version: storeVersion,
    audience,
    state,
    verdict: verdict ? JSON.stringify(verdict) : null,
    level: verdict?.level ?? null,
    expires_at: verdict?.expiresAtMs === undefined ? null : new Date(verdict.expiresAtMs),
    saved_at: now,
    saved_by: actor.label,
    checked_at: state === 'ok' ? now : null,
    check_after: nextCheck(settings, now),
  }
  await trx
    .insertInto('secrets')
    .values({ id: uuidv7(), holder_kind: holder.kind, holder_id: holder.holderId, server, ...row })
    .onConflict((conflict) => conflict.columns(['holder_id', 'server']).doUpdateSet(row))
    .execute()
}

import type { SecretState } from '@bir/sdk/contract/secret-state'
import { isJudged } from '@bir/sdk/contract/secret-verdict'
import type { SecretVerdict, VerdictWord } from '@bir/sdk/contract/secret-verdict'
import { change } from '../../base/context.ts'
import type { Ctx } from '../../base/context.ts'
import { readSettings } from '../../settings/settings.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { describeSecretHolder, secretHolderNames } from '../rows/holder.ts'
import { neededBy } from '../rows/needed.ts'
import { nextCheck } from '../rows/next-check.ts'
import { isProvenFor } from '../rows/proven-for.ts'
import { placeOfRow, readSecretRow } from '../rows/rows.ts'
import type { SecretRow } from '../rows/rows.ts'

/** What is said of a secret that lies in the store as nothing that can be read. */
export const UNREADABLE: SecretVerdict = {
  verdict: 'invalid',
  says: 'What lies in the store for this secret cannot be read: put it again, or let an administrator mend it there.',
}

const states: Partial<Record<VerdictWord, SecretState>> = {
  ok: 'ok',
  invalid: 'invalid',
  wrong_kind: 'invalid',
  expired: 'expired',
  insufficient_scope: 'insufficient_scope',
  wrong_person: 'wrong_person',
}

/**
 * Takes over what the service said of a stored secret. A verdict that judges nothing changes nothing, and neither does
 * one on a value that is not the present one. Resolves with the revision when planes must know it.
 */
export async function applyVerdict(ctx: Ctx, row: SecretRow, verdict: SecretVerdict): Promise<number | undefined> {
  const { db, actor, catalog } = ctx
  const state = states[verdict.verdict]
  if (!isJudged(verdict.verdict) || state === undefined) return undefined
  const now = new Date()
  const level = verdict.level ?? null
  const expires_at = verdict.expiresAtMs === undefined ? null : new Date(verdict.expiresAtMs)
  const facts = {
    verdict: JSON.stringify(verdict),
    checked_at: now,
    check_after: nextCheck(await readSettings(db), now),
    // What it can do is said of a good one.
    ...(state === 'ok' && { level, expires_at }),
  }
  const ofGood = (one: SecretRow) => [one.level, one.expires_at?.getTime() ?? null]
  const isNews = (before: SecretRow) =>
    before.state !== state || (state === 'ok' && String([level, expires_at?.getTime() ?? null]) !== String(ofGood(before)))

  if (!isNews(row)) {
    const query = db
      .updateTable('secrets')
      .set(facts)
      .where('id', '=', row.id)
      .where('version', '=', row.version)
      .where('state', '=', state)
    await query.execute()
    return undefined
  }
  const place = placeOfRow(row)
  const { revision } = await change(ctx, { action: 'secrets.check', target: row.server }, async (trx) => {
    const before = await readSecretRow(trx, place)
    const hasMoved = before?.state === 'moved' && row.state !== 'moved'
    if (before?.version !== row.version || hasMoved || !isNews(before)) return { value: undefined, dirty: 'nothing' }
    // One that was moved already is not moved once more by a server that moves while it is tried.
    if (state === 'ok' && !isProvenFor(before, (await neededBy(trx, catalog, row.server)).need))
      return { value: undefined, dirty: 'nothing' }
    await trx
      .updateTable('secrets')
      .set({ ...facts, state })
      .where('id', '=', row.id)
      .execute()
    await note(trx, [place], { by: actor.label, act: 'checked', version: row.version, state, verdict })
    const whose = describeSecretHolder((await secretHolderNames(trx, [row]))(row))
    const detail = `secret of ${whose}, version ${row.version}: ${before.state} became ${state}`
    return { value: undefined, dirty: await bucketsOfSecrets(trx, [place], { appears: false }), detail }
  })
  return revision
}

import { setTimeout as wait } from 'node:timers/promises'
import { errorText } from '../../base/log.ts'
import type { Log } from '../../base/log.ts'
import { change } from '../../base/context.ts'
import type { Ctx } from '../../base/context.ts'
import { readSettings } from '../../settings/settings.ts'
import { bucketsOfSecrets } from '../rows/buckets.ts'
import { note } from '../rows/history.ts'
import { secretHolderNames } from '../rows/holder.ts'
import { nextCheck } from '../rows/next-check.ts'
import { placeOfRow, readSecretRow } from '../rows/rows.ts'
import type { SecretRow } from '../rows/rows.ts'
import { recheck } from './check.ts'

/** In one round: no server is asked more often than every `spacingMs`, and it ends before the next begins. */
const limits = { atOnce: 50, roundMs: 45_000, spacingMs: 500 }

/** Tries the secrets again that are due, each in one replica; and notes those that have expired meanwhile. */
export async function checkDueSecrets(ctx: Ctx, log: Log, signal: AbortSignal, { atOnce, roundMs, spacingMs } = limits): Promise<void> {
  await noteExpired(ctx)
  const settings = await readSettings(ctx.db)
  if (settings.secretCheckEveryMs === 0) return
  const endMs = performance.now() + roundMs
  const isOver = () => signal.aborted || performance.now() >= endMs
  for (;;) {
    const due = await claim(ctx, settings, atOnce)
    const byServer = [...Map.groupBy(due, ({ server }) => server).values()]
    await Promise.all(byServer.map((rows) => checkInTurn(ctx, log, rows, { isOver, spacingMs })))
    if (due.length < atOnce || isOver()) return
  }
}

/** Whoever claims a row moves its time on: no other replica finds it due. */
const claim = ({ db }: Ctx, settings: { secretCheckEveryMs: number }, atOnce: number): Promise<SecretRow[]> =>
  db.transaction().execute(async (trx) => {
    const now = new Date()
    const rows = await trx
      .selectFrom('secrets')
      .selectAll()
      .where('check_after', '<=', now)
      .orderBy('check_after')
      .limit(atOnce)
      .forUpdate()
      .skipLocked()
      .execute()
    for (const { id } of rows)
      await trx
        .updateTable('secrets')
        .set({ check_after: nextCheck(settings, now) })
        .where('id', '=', id)
        .execute()
    return rows
  })

async function checkInTurn(
  ctx: Ctx,
  log: Log,
  rows: SecretRow[],
  { isOver, spacingMs }: { isOver: () => boolean; spacingMs: number },
): Promise<void> {
  const names = await secretHolderNames(ctx.db, rows)
  for (const row of rows) {
    // What there is no time for stays due.
    if (isOver()) await ctx.db.updateTable('secrets').set({ check_after: new Date() }).where('id', '=', row.id).execute()
    else {
      const holder = { kind: row.holder_kind, holderId: row.holder_id, handle: names(row).handle }
      await recheck(ctx, row, holder).catch((error: unknown) =>
        log('warn', 'secret-not-checked', { server: row.server, why: errorText(error) }),
      )
      await wait(spacingMs)
    }
  }
}

/** Planes see by the clock that a secret has expired. The state follows here, with its history. */
async function noteExpired(ctx: Ctx): Promise<void> {
  const now = new Date()
  const rows = await ctx.db
    .selectFrom('secrets')
    .selectAll()
    .where('expires_at', '<=', now)
    .where('state', 'in', ['ok', 'unchecked'])
    .limit(limits.atOnce)
    .execute()
  for (const row of rows) {
    await change(ctx, { action: 'secrets.expired', target: row.server }, async (trx) => {
      const place = placeOfRow(row)
      const before = await readSecretRow(trx, place)
      if (before?.version !== row.version || before.state !== row.state) return { value: undefined, dirty: 'nothing' }
      await trx.updateTable('secrets').set({ state: 'expired' }).where('id', '=', row.id).execute()
      await note(trx, [place], { by: ctx.actor.label, act: 'checked', version: row.version, state: 'expired' })
      return { value: undefined, dirty: await bucketsOfSecrets(trx, [place], { appears: false }) }
    })
  }
}

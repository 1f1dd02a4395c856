import type { Api } from '@bir/sdk/contract/api'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Selection } from '@bir/sdk/contract/snapshot'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { countAttempt } from '../oauth/attempts/attempts.ts'
import { holdsOn } from '../holders/holds-on.ts'
import { requireServer } from '../holders/holder.ts'
import { unknownTools } from '../servers/faults.ts'
import { selectionOf } from '../policy-rows/read.ts'
import { userRow } from '../users/users.ts'
import type { Db } from '../policy-rows/types.ts'

type Input<K extends keyof Api['selections']> = z.output<Api['selections'][K]['input']>

export async function get({ db }: Ctx, { user }: Input<'get'>) {
  const { id } = await userRow(db, user)
  return { servers: await selectionsOf(db, id) }
}

/** Changes only the fields that the input has. `level: null` and an empty `off` remove the person's choice. */
export async function set(ctx: Ctx, input: Input<'set'>) {
  await refuseTooOften(ctx)
  const { user, server } = input
  const { value } = await change(ctx, { action: 'selections.set', target: user }, async (trx) => {
    const { id, bucket } = await userRow(trx, user)
    await requireServer(trx, server)
    if (!ctx.actor.administrator && !(await holdsOn(trx, id, server))) throw notFound('server', server)
    const faults = unknownTools(ctx.catalog, server, input.off ?? [])
    if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))

    const current = (await selectionsOf(trx, id))[server] ?? {}
    const level = input.level === undefined ? (current.level ?? null) : input.level
    const off = input.off ?? current.off ?? []
    const next = selectionOf({ level, off: [...new Set(off)] })
    if (canonical(current) === canonical(next)) return { value: id, dirty: 'nothing' }

    await trx.deleteFrom('selections').where('user_id', '=', id).where('server', '=', server).execute()
    const row = { user_id: id, server, level, off: next.off ?? null }
    if (level !== null || next.off) await trx.insertInto('selections').values(row).execute()
    return { value: id, dirty: [bucket], detail: `${server}: level ${level ?? 'as granted'}, off ${next.off?.join(', ') ?? 'nothing'}` }
  })
  return { servers: await selectionsOf(ctx.db, value) }
}

/** How often a person changes their choices in a minute. Each change is a record, and a revision for all planes. */
const maxPerMinute = 60

async function refuseTooOften({ db, actor }: Ctx): Promise<void> {
  if (actor.administrator) return
  const { count, retryAfterS } = await countAttempt(db, `selections: person ${actor.id}`)
  if (count <= maxPerMinute) return
  throw new ApiError(
    'conflict',
    `${actor.label} changed selections ${maxPerMinute} times in a minute, which is the most. Try again in ${retryAfterS} s.`,
  )
}

async function selectionsOf(db: Db, userId: string): Promise<Record<string, Selection>> {
  const rows = await db.selectFrom('selections').selectAll().where('user_id', '=', userId).orderBy('server').execute()
  return Object.fromEntries(rows.map((row) => [row.server, selectionOf(row)]))
}

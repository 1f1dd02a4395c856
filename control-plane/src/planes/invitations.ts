import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { JoinLine, JoinUse } from '@bir/sdk/contract/entities'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { idKeyOf, pageOf } from '../base/paging.ts'
import { addJoinLine, stateOf } from './join-line.ts'
import type { JoinLineRow } from './join-line.ts'

type Input<K extends keyof Api['planes']> = z.output<Api['planes'][K]['input']>
type Output<K extends keyof Api['planes']> = z.output<Api['planes'][K]['output']>

const defaultLifeMs = 3_600_000
const maxLifeMs = 366 * 86_400_000

/** Makes a line that lets planes join. The audit record has everything of it but the secret. */
export async function invite(ctx: Ctx, { name, uses, until }: Input<'invite'>): Promise<Output<'invite'>> {
  const nowMs = Date.now()
  const untilMs = until === undefined ? nowMs + defaultLifeMs : Date.parse(until)
  if (untilMs <= nowMs) throw new ApiError('invalid_input', 'until: this moment is past; name one that comes')
  if (untilMs > nowMs + maxLifeMs) throw new ApiError('invalid_input', 'until: a line is good for a year at most')

  const goodUntil = new Date(untilMs)
  const { value } = await change(ctx, { action: 'planes.invite', target: name ?? 'any plane' }, async (trx) => {
    const made = await addJoinLine(trx, { origin: 'invitation', name, uses, until: goodUntil, madeBy: ctx.actor.label })
    return { value: made, dirty: [], detail: `line ${made.id}, uses: ${uses}, until ${goodUntil.toISOString()}` }
  })
  return { id: value.id, line: ctx.joinLines.lineOf(value.secret), name: name ?? null, uses, until: goodUntil.toISOString() }
}

export async function lines({ db }: Ctx, { first, after, open }: Input<'lines'>): Promise<Output<'lines'>> {
  const key = idKeyOf(after)
  const rows = await db
    .selectFrom('join_lines')
    .selectAll()
    .$if(key !== undefined, (query) => query.where('id', '<', key ?? ''))
    .$if(open === true, (query) => query.where('void_at', 'is', null).where('until', '>', new Date()).whereRef('used', '<', 'uses'))
    .orderBy('id', 'desc')
    .limit(first + 1)
    .execute()
  const uses = await usesOf(
    db,
    rows.map(({ id }) => id),
  )
  const nowMs = Date.now()
  return pageOf(
    rows,
    first,
    ({ id }) => id,
    (row) => lineEntity(row, uses.get(row.id) ?? [], nowMs),
  )
}

/** Makes a line void. A file that holds it gets a new one. */
export async function revokeLine(ctx: Ctx, { id }: Input<'revokeLine'>): Promise<Output<'revokeLine'>> {
  const { revision } = await change(ctx, { action: 'planes.revokeLine', target: id }, async (trx) => {
    const row = await trx.selectFrom('join_lines').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw notFound('join line', id)
    const state = stateOf(row, Date.now())
    if (state !== 'open') throw new ApiError('conflict', `This line admits no plane any more: it is ${state}.`)
    await trx.updateTable('join_lines').set({ void_at: new Date(), void_reason: 'revoked' }).where('id', '=', id).execute()
    return { value: undefined, dirty: [] }
  })
  await ctx.joinLines.renewFile()
  return { revision }
}

async function usesOf(db: Kysely<Database>, lines: string[]): Promise<Map<string, z.infer<typeof JoinUse>[]>> {
  if (lines.length === 0) return new Map()
  const rows = await db
    .selectFrom('planes')
    .select(['id', 'name', 'joined_at', 'expelled_at', 'joined_after', 'join_line'])
    .where('join_line', 'in', lines)
    .orderBy('id')
    .execute()
  const byLine = Map.groupBy(rows, ({ join_line }) => join_line ?? '')
  const useOf = (row: (typeof rows)[number]) => ({
    plane: row.id,
    name: row.name,
    joinedAt: row.joined_at.toISOString(),
    expelled: row.expelled_at !== null,
    joinedAfter: row.joined_after,
  })
  return new Map([...byLine].map(([line, planes]) => [line, planes.map(useOf)]))
}

const lineEntity = (row: JoinLineRow, planes: z.infer<typeof JoinUse>[], nowMs: number): z.infer<typeof JoinLine> => ({
  id: row.id,
  origin: row.origin,
  name: row.name,
  state: stateOf(row, nowMs),
  uses: row.uses,
  used: row.used,
  until: row.until.toISOString(),
  madeBy: row.made_by,
  madeAt: row.made_at.toISOString(),
  voidAt: row.void_at?.toISOString() ?? null,
  voidReason: row.void_reason,
  planes,
})

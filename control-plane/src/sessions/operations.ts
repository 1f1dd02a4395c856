import type { Api } from '@bir/sdk/contract/api'
import type { Session } from '@bir/sdk/contract/entities'
import { sql } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { idKeyOf, pageOf } from '../base/paging.ts'
import type { Db } from '../policy-rows/types.ts'
import { readSettings } from '../settings/settings.ts'
import { endAndVoid } from './end-session.ts'
import { endsAt } from './life.ts'
import type { SessionRow } from './life.ts'

type Input<K extends keyof Api['sessions']> = z.output<Api['sessions'][K]['input']>

/** The sessions that go on, newest first: of the person who is named, or else of the caller. */
export async function list({ db, actor }: Ctx, { first, after, user }: Input<'list'>) {
  const key = idKeyOf(after)
  const ofUser = await whose(db, actor, user)
  const { session: settings } = await readSettings(db)
  const now = new Date()
  const before = (ms: number) => new Date(now.getTime() - ms)
  const rows = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select('users.handle')
    .select((eb) =>
      eb
        .selectFrom('exchanged_tokens')
        .select(sql<string | null>`string_agg(distinct exchanged_tokens.actor, ', ')`.as('names'))
        .whereRef('exchanged_tokens.sid', '=', 'sessions.sid')
        .where('expires_at', '>', now)
        .as('acting'),
    )
    .where('ended_at', 'is', null)
    .where('idle_until', '>', now)
    .where('until', '>', now)
    .where((eb) =>
      eb.or([
        eb('sessions.kind', '=', 'token'),
        eb.and([eb('used_at', '>', before(settings.idleMs)), eb('made_at', '>', before(settings.maxMs))]),
      ]),
    )
    .$if(ofUser !== undefined, (query) => query.where('user_id', '=', ofUser ?? ''))
    .$if(key !== undefined, (query) => query.where('sid', '<', key ?? ''))
    .orderBy('sid', 'desc')
    .limit(first + 1)
    .execute()
  return pageOf(
    rows,
    first,
    ({ sid }) => sid,
    (row) => sessionEntity(row, endsAt(row, settings)),
  )
}

/** The id of the person whose sessions are meant. Undefined = everybody's, as an operator is no person. */
async function whose(db: Db, { administrator, userId }: Ctx['actor'], handle: string | undefined): Promise<string | undefined> {
  if (userId === undefined && !administrator) throw onlyOwn()
  if (handle === undefined) return userId
  const row = await db.selectFrom('users').select('id').where('handle', '=', handle).executeTakeFirst()
  if (row && (administrator || row.id === userId)) return row.id
  if (administrator) throw notFound('person', handle)
  throw onlyOwn()
}

const onlyOwn = () => new ApiError('forbidden', 'Only an administrator may ask about the sessions of others.')

/** To who is no administrator, a session of somebody else is one that does not exist. */
export async function end(ctx: Ctx, { sid }: Input<'end'>): Promise<{ revision: number }> {
  const { db, actor } = ctx
  const row = await db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'user_id')
    .select(['user_id', 'handle'])
    .where('sid', '=', sid)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (!row || !(actor.administrator || row.user_id === actor.userId)) throw notFound('session that goes on with the id', sid)
  const record = { action: 'sessions.end', target: row.handle, detail: `session ${sid}`, about: { sessionId: sid } }
  const { revision } = await change(ctx, record, async (trx) => {
    const ended = await endAndVoid(trx, { sid }, `ended by ${actor.label}`)
    return { value: undefined, dirty: ended.length === 0 ? 'nothing' : [] }
  })
  return { revision }
}

const sessionEntity = (row: SessionRow & { handle: string; acting: string | null }, ends: Date): z.infer<typeof Session> => ({
  sid: row.sid,
  user: row.handle,
  kind: row.kind,
  client: row.client_id,
  clientName: row.client_name,
  audience: row.audience,
  actor: row.actor ?? row.acting,
  provider: row.provider,
  ip: row.ip,
  userAgent: row.user_agent,
  since: row.made_at.toISOString(),
  lastUsed: row.used_at.toISOString(),
  until: ends.toISOString(),
})

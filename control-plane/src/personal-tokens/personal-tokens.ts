import { randomBytes } from 'node:crypto'
import { hashOf } from '../base/secrets/secret.ts'
import type { Api } from '@bir/sdk/contract/api'
import type { PersonalToken as PersonalTokenSchema } from '@bir/sdk/contract/entities'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Selectable, Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { idKeyOf, pageOf } from '../base/paging.ts'
import { holdsOn } from '../holders/holds-on.ts'
import { requireServer } from '../holders/holder.ts'
import { untilHeld } from '../plane-state/until-held.ts'
import { madeNow } from '../sessions/life.ts'
import type { UserRow } from '../users/users.ts'
import { refuseTooMany } from './limits.ts'
import { tokenNetworks } from './networks.ts'
import { ownerOf, refuseBorrowed, whoseTokens } from './owner.ts'

type Input<K extends keyof Api['personalTokens']> = z.output<Api['personalTokens'][K]['input']>
type Output<K extends keyof Api['personalTokens']> = z.output<Api['personalTokens'][K]['output']>
type Row = Selectable<Database['personal_tokens']>

const dayMs = 86_400_000
const defaultLifeMs = 30 * dayMs
const maxLifeMs = 366 * dayMs

/**
 * Makes a token of the caller; the operator names a person. Its text is in the answer, and is stored nowhere. It says
 * no revision, as an access token does, for a plane to wait for: so the planes have it before it is given.
 */
export async function create(ctx: Ctx, input: Input<'create'>): Promise<Output<'create'>> {
  refuseBorrowed(ctx.actor)
  const until = untilOf(input.until, Date.now())
  const networks = input.networks && tokenNetworks(input.networks)
  const servers = input.servers && [...new Set(input.servers)].sort()
  const token = `bir_pat_${randomBytes(32).toString('base64url')}`
  const id = uuidv7()
  const { value: owner, revision } = await change(
    ctx,
    { action: 'personalTokens.create', target: input.user ?? ctx.actor.label, about: { tokenId: id } },
    async (trx) => {
      const owner = await ownerOf(trx, ctx.actor, input.user)
      await refuseTooMany(trx, owner, Date.now())
      for (const server of servers ?? []) await refuseUnknown(trx, ctx, owner, server)
      const row = { id, user_id: owner.id, name: input.name, servers: servers ?? null, networks: networks ?? null, expires_at: until }
      await trx
        .insertInto('personal_tokens')
        .values({ ...row, token_hash: hashOf(token), made_by: ctx.actor.through ?? ctx.actor.label, made_at: madeNow(owner) })
        .execute()
      return { value: owner, dirty: [], detail: describe({ ...row, handle: owner.handle }) }
    },
  )
  // The token is made, and its text is here alone: it is given, whether or not a plane holds it yet.
  await untilHeld(ctx.db, revision).catch(() => undefined)
  return {
    id,
    token,
    user: owner.handle,
    name: input.name,
    servers: servers ?? null,
    networks: networks ?? null,
    until: until.toISOString(),
  }
}

/** One's own tokens. An administrator sees anybody's, and the operator, who has none, everybody's. */
export async function list({ db, actor }: Ctx, { first, after, user }: Input<'list'>): Promise<Output<'list'>> {
  const key = idKeyOf(after)
  const owner = await whoseTokens(db, actor, user)
  const rows = await db
    .selectFrom('personal_tokens as token')
    .innerJoin('users', 'users.id', 'token.user_id')
    .selectAll('token')
    .select(['users.handle', 'users.disabled'])
    .select(sql<boolean>`extract(epoch from token.made_at) < users.epoch`.as('voided'))
    .$if(owner !== undefined, (query) => query.where('token.user_id', '=', owner ?? ''))
    .$if(key !== undefined, (query) => query.where('token.id', '<', key ?? ''))
    .orderBy('token.id', 'desc')
    .limit(first + 1)
    .execute()
  const nowMs = Date.now()
  return pageOf(
    rows,
    first,
    ({ id }) => id,
    (row) => entityOf(row, nowMs),
  )
}

/** Voids a token. No plane takes it after the revision of the answer. */
export async function revoke(ctx: Ctx, { id }: Input<'revoke'>): Promise<Output<'revoke'>> {
  const { revision } = await change(ctx, { action: 'personalTokens.revoke', target: id, about: { tokenId: id } }, async (trx) => {
    const row = await trx
      .selectFrom('personal_tokens as token')
      .innerJoin('users', 'users.id', 'token.user_id')
      .selectAll('token')
      .select('users.handle')
      .where('token.id', '=', id)
      .executeTakeFirst()
    // Somebody else's is not told from none.
    if (!row || (!ctx.actor.administrator && row.user_id !== ctx.actor.userId)) throw notFound('personal access token', id)
    if (row.revoked_at !== null) return { value: undefined, dirty: 'nothing' }
    await revokeById(trx, id)
    return { value: undefined, dirty: [], detail: describe(row) }
  })
  return { revision }
}

/** Revokes the token with this id, if there is one: also by the id that audit records have of it. */
export async function revokeById(trx: Transaction<Database>, id: string): Promise<void> {
  await trx.updateTable('personal_tokens').set({ revoked_at: new Date() }).where('id', '=', id).where('revoked_at', 'is', null).execute()
}

function untilOf(until: string | undefined, nowMs: number): Date {
  const untilMs = until === undefined ? nowMs + defaultLifeMs : Date.parse(until)
  if (untilMs <= nowMs) throw new ApiError('invalid_input', 'until: this moment is past; name one that comes')
  if (untilMs > nowMs + maxLifeMs) throw new ApiError('invalid_input', 'until: a personal access token is good for a year at most')
  return new Date(untilMs)
}

/** Only who holds something on a server, or administers, may learn that it exists. */
async function refuseUnknown(trx: Transaction<Database>, { actor }: Ctx, owner: UserRow, server: string): Promise<void> {
  await requireServer(trx, server)
  if (!actor.administrator && !(await holdsOn(trx, owner.id, server))) throw notFound('server', server)
}

interface Described extends Pick<Row, 'id' | 'name' | 'servers' | 'networks' | 'expires_at'> {
  handle: string
}

function describe({ id, name, handle, servers, networks, expires_at }: Described): string {
  const limits = [servers && `servers ${servers.join(', ')}`, networks && `networks ${networks.join(', ')}`].filter(
    (limit) => limit !== null,
  )
  return `token ${id} of ${handle}, named ${name}, until ${expires_at.toISOString()}${limits.map((limit) => `, ${limit}`).join('')}`
}

type Listed = Row & { handle: string; disabled: boolean; voided: boolean }

const entityOf = (row: Listed, nowMs: number): z.infer<typeof PersonalTokenSchema> => ({
  id: row.id,
  user: row.handle,
  name: row.name,
  servers: row.servers,
  networks: row.networks,
  state: stateOf(row, nowMs),
  madeBy: row.made_by,
  madeAt: row.made_at.toISOString(),
  until: row.expires_at.toISOString(),
  lastUsed: row.used_at?.toISOString() ?? null,
})

function stateOf({ revoked_at, expires_at, disabled, voided }: Listed, nowMs: number) {
  if (revoked_at !== null) return 'revoked'
  if (disabled || voided) return 'void'
  return expires_at.getTime() <= nowMs ? 'expired' : 'good'
}

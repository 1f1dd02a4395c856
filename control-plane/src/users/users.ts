import type { Api } from '@bir/sdk/contract/api'
import type { Caller, User as UserSchema } from '@bir/sdk/contract/entities'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Database } from '@bir/db/schema'
import type { Selectable, Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { ChangeResult, Ctx } from '../base/context.ts'
import { keyOf, pageOf } from '../base/paging.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'
import { endSessionsOf } from '../sessions/end-session.ts'
import { refuseLastAdministrator } from './last-administrator.ts'
import { SERVICE_PROVIDER } from './service-provider.ts'

type Input<K extends keyof Api['users']> = z.output<Api['users'][K]['input']>
type User = z.infer<typeof UserSchema>
export type UserRow = Selectable<Database['users']>

export async function list({ db }: Ctx, { first, after, search }: Input<'list'>) {
  const key = keyOf(after)
  const pattern = search === undefined ? undefined : `%${search.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const rows = await db
    .selectFrom('users')
    .selectAll()
    .$if(key !== undefined, (query) => query.where('handle', '>', key ?? ''))
    .$if(pattern !== undefined, (query) =>
      query.where((eb) =>
        eb.or([eb('handle', 'ilike', pattern ?? ''), eb('name', 'ilike', pattern ?? ''), eb('email', 'ilike', pattern ?? '')]),
      ),
    )
    .orderBy('handle')
    .limit(first + 1)
    .execute()
  const groups = await groupsOf(db, rows)
  return pageOf(
    rows,
    first,
    ({ handle }) => handle,
    (row) => userEntity(row, groups),
  )
}

export async function get({ db }: Ctx, { handle }: Input<'get'>): Promise<User> {
  const row = await userRow(db, handle)
  return userEntity(row, await groupsOf(db, [row]))
}

export async function me({ db, actor }: Ctx): Promise<z.infer<typeof Caller>> {
  const { userId, label, administrator, sid, client } = actor
  const session = { ...(sid === undefined ? {} : { sid }), ...(client === undefined ? {} : { client }) }
  if (userId === undefined) return { handle: label, name: null, administrator, kind: 'operator', groups: [], ...session }
  const row = await db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirstOrThrow()
  const groups = (await groupsOf(db, [row])).get(row.id) ?? []
  return { handle: row.handle, name: row.name, administrator, kind: row.kind, groups, ...session }
}

export async function put(ctx: Ctx, input: Input<'put'>): Promise<User> {
  const { value } = await change(ctx, { action: 'users.put', target: input.handle }, (trx) => putUser(trx, input))
  return userEntity(value, await groupsOf(ctx.db, [value]))
}

/** Who puts a person: a provider may give an address that it does not vouch for, and an administrator vouches. */
interface Vouching {
  isEmailVerified?: boolean
}

/** Creates or updates a person in the caller's transaction. A handle always stays with its first person. */
export async function putUser(
  trx: Transaction<Database>,
  input: Input<'put'>,
  { isEmailVerified = true }: Vouching = {},
): Promise<ChangeResult<UserRow>> {
  const { handle, provider, subject } = input
  if (provider === SERVICE_PROVIDER)
    throw new ApiError('invalid_input', `provider: ${SERVICE_PROVIDER} stands for service accounts, which serviceAccounts.put makes.`)
  const existing = await trx.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (existing?.kind === 'service')
    throw new ApiError('conflict', `The handle ${handle} is that of a service account: handles never change hands.`)
  if (!existing) return createUser(trx, input, { isEmailVerified })
  if (existing.provider !== provider || existing.subject !== subject) {
    throw new ApiError('conflict', `The handle ${handle} belongs to another person: handles never change hands.`)
  }

  const { name = existing.name, email = existing.email, administrator = existing.administrator } = input
  const isKept = existing.email_verified && email?.toLowerCase() === existing.email?.toLowerCase()
  const email_verified = isKept || (typeof input.email === 'string' && isEmailVerified)
  const isAsBefore = name === existing.name && email === existing.email && administrator === existing.administrator
  if (isAsBefore && email_verified === existing.email_verified) return { value: existing, dirty: 'nothing' }
  if (!administrator) await refuseLastAdministrator(trx, existing, 'cannot lose the role')
  const value = await trx
    .updateTable('users')
    .set({ name, email, email_verified, administrator, updated_at: new Date() })
    .where('id', '=', existing.id)
    .returningAll()
    .executeTakeFirstOrThrow()
  const role = administrator === existing.administrator ? {} : { summary: `${handle}: administrator ${administrator ? 'now' : 'no more'}` }
  return { value, dirty: [], detail: `name ${name}, email ${email}, administrator ${administrator}`, ...role }
}

async function createUser(
  trx: Transaction<Database>,
  input: Input<'put'>,
  { isEmailVerified }: Required<Vouching>,
): Promise<ChangeResult<UserRow>> {
  const { handle, provider, subject, name = null, email = null, administrator = false } = input
  const other = await trx
    .selectFrom('users')
    .select('handle')
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .executeTakeFirst()
  if (other) throw new ApiError('conflict', `This person of provider ${provider} is known as ${other.handle} already.`)
  const value = await trx
    .insertInto('users')
    .values({ id: uuidv7(), handle, provider, subject, name, email, email_verified: email !== null && isEmailVerified, administrator })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { value, dirty: [value.bucket], detail: `created, provider ${provider}, administrator ${administrator}` }
}

export async function setDisabled(ctx: Ctx, { handle, disabled }: Input<'setDisabled'>): Promise<User> {
  const summary = `${handle}: ${disabled ? 'disabled' : 'enabled'}`
  const { value } = await change(ctx, { action: 'users.setDisabled', target: handle, detail: String(disabled), summary }, async (trx) => {
    const row = await userRow(trx, handle)
    // An administrator who disables whom only a file disabled makes it their own word, which no file takes back.
    if (row.disabled === disabled && !row.disabled_by_file) return { value: row, dirty: 'nothing' }
    if (disabled) await refuseLastAdministrator(trx, row, 'cannot be disabled')
    const value = await trx
      .updateTable('users')
      .set({ disabled, disabled_by_file: false, updated_at: new Date(), ...(disabled ? { epoch: voidingEpoch() } : {}) })
      .where('id', '=', row.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    if (disabled) await endSessionsOf(trx, row.id, `${handle} was disabled`)
    return { value, dirty: [row.bucket] }
  })
  return userEntity(value, await groupsOf(ctx.db, [value]))
}

/**
 * The epoch that voids every token of a person until now. Tokens hold their time in whole seconds, so those that were
 * issued earlier in this second must be void too.
 */
export const voidingEpoch = () => Math.floor(Date.now() / 1000) + 1

export async function userRow(db: Db, handle: string): Promise<UserRow> {
  const row = await db.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (!row) throw notFound('person', handle)
  return row
}

async function groupsOf(db: Db, users: readonly { id: string }[]): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('memberships')
    .innerJoin('groups', 'groups.id', 'group_id')
    .select(['user_id', 'handle'])
    .where('user_id', '=', anyOf(users.map(({ id }) => id)))
    .orderBy('handle')
    .execute()
  const byUser = Map.groupBy(rows, ({ user_id }) => user_id)
  return new Map([...byUser].map(([id, groups]) => [id, groups.map(({ handle }) => handle)]))
}

const userEntity = (row: UserRow, groups: ReadonlyMap<string, string[]>): User => ({
  id: row.id,
  handle: row.handle,
  kind: row.kind,
  provider: row.provider,
  subject: row.claimed ? row.subject : '',
  name: row.name,
  email: row.email,
  administrator: row.administrator,
  disabled: row.disabled,
  groups: groups.get(row.id) ?? [],
  awaitsEmail: row.awaits_email,
})

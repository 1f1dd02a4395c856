import type { Database } from '@bir/db/schema'
import { Handle } from '@bir/sdk/contract/names'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { ChangeResult, Ctx } from '../base/context.ts'
import { putUser } from '../users/users.ts'
import type { UserRow } from '../users/users.ts'
import { oauthError } from './oauth-error.ts'
import type { ProviderClaims } from './provider.ts'

const administratorRole = 'administrator'

/** Who this is to us. At the first sign-in they become known; at every one, what the provider says of them is taken over. */
export async function signIn(ctx: Ctx, provider: string, claims: ProviderClaims): Promise<{ user: UserRow; revision: number }> {
  const what = { action: 'users.signIn', target: claims.preferred_username ?? claims.sub }
  try {
    const { value: user, revision } = await change(ctx, what, (trx) => takeOver(trx, provider, claims))
    return { user, revision }
  } catch (error) {
    if (error instanceof ApiError && error.code === 'conflict') throw oauthError('invalid_grant', error.message)
    throw error
  }
}

async function takeOver(trx: Transaction<Database>, provider: string, claims: ProviderClaims): Promise<ChangeResult<UserRow>> {
  const { sub: subject, name, email, roles, groups } = claims
  const known = await trx.selectFrom('users').selectAll().where('provider', '=', provider).where('subject', '=', subject).executeTakeFirst()
  const put = await putUser(trx, {
    handle: known?.handle ?? handleOf(claims),
    provider,
    subject,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(roles === undefined ? {} : { administrator: roles.includes(administratorRole) }),
  })
  const moved = groups === undefined ? [] : await syncGroups(trx, put.value.id, groups)
  if (moved.length === 0) return put

  const bucket = known ? [put.value.bucket] : []
  const before = put.dirty === 'nothing' ? [] : put.dirty
  const detail = [put.dirty === 'nothing' ? undefined : put.detail, ...moved].filter((part) => part !== undefined).join(', ')
  return { value: put.value, dirty: before === 'all' ? 'all' : [...before, ...bucket], detail }
}

function handleOf({ preferred_username }: ProviderClaims): string {
  const handle = Handle.safeParse(preferred_username?.toLowerCase())
  if (handle.success) return handle.data
  throw oauthError('invalid_grant', 'The subject token has no preferred_username that could be a handle.')
}

/** Only groups that exist here, and only memberships that came from the provider: what a file or an administrator gave stays. */
async function syncGroups(trx: Transaction<Database>, userId: string, names: readonly string[]): Promise<string[]> {
  const wanted = await trx
    .selectFrom('groups')
    .select(['id', 'handle'])
    .where('handle', '=', sql<string>`any(${names})`)
    .execute()
  const held = await trx.selectFrom('memberships').select('group_id').where('user_id', '=', userId).execute()
  const given = await trx
    .selectFrom('provider_memberships')
    .innerJoin('groups', 'groups.id', 'group_id')
    .select(['id', 'handle'])
    .where('user_id', '=', userId)
    .execute()

  const joins = wanted.filter(({ id }) => !held.some(({ group_id }) => group_id === id))
  const leaves = given.filter(({ id }) => !wanted.some((group) => group.id === id))
  const rows = joins.map(({ id }) => ({ group_id: id, user_id: userId }))
  if (rows.length > 0) await trx.insertInto('memberships').values(rows).execute()
  if (rows.length > 0) await trx.insertInto('provider_memberships').values(rows).execute()
  for (const { id } of leaves) await trx.deleteFrom('memberships').where('user_id', '=', userId).where('group_id', '=', id).execute()
  return [...joins.map(({ handle }) => `joined ${handle}`), ...leaves.map(({ handle }) => `left ${handle}`)]
}

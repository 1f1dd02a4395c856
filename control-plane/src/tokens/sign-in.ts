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

/**
 * Finds the person of these claims. The first sign-in creates the person; each sign-in updates them from the claims.
 */
export async function signIn(ctx: Ctx, provider: string, claims: ProviderClaims): Promise<{ user: UserRow; revision: number }> {
  const record = { action: 'users.signIn', target: claims.preferred_username ?? claims.sub }
  try {
    const { value: user, revision } = await change(ctx, record, (trx) => updateFromClaims(trx, provider, claims))
    return { user, revision }
  } catch (error) {
    if (error instanceof ApiError && error.code === 'conflict') throw oauthError('invalid_grant', error.message)
    throw error
  }
}

async function updateFromClaims(trx: Transaction<Database>, provider: string, claims: ProviderClaims): Promise<ChangeResult<UserRow>> {
  const { sub: subject, name, email, roles, groups } = claims
  const existing = await trx
    .selectFrom('users')
    .selectAll()
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .executeTakeFirst()
  const put = await putUser(trx, {
    handle: existing?.handle ?? handleOf(claims),
    provider,
    subject,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(roles === undefined ? {} : { administrator: roles.includes(administratorRole) }),
  })
  const groupChanges = groups === undefined ? [] : await syncGroups(trx, put.value.id, groups)
  if (groupChanges.length === 0) return put

  const bucket = existing ? [put.value.bucket] : []
  const dirty = put.dirty === 'nothing' ? [] : put.dirty
  const detail = [put.dirty === 'nothing' ? undefined : put.detail, ...groupChanges].filter((part) => part !== undefined).join(', ')
  return { value: put.value, dirty: dirty === 'all' ? 'all' : [...dirty, ...bucket], detail }
}

function handleOf({ preferred_username }: ProviderClaims): string {
  const handle = Handle.safeParse(preferred_username?.toLowerCase())
  if (handle.success) return handle.data
  throw oauthError('invalid_grant', 'The subject token has no preferred_username that could be a handle.')
}

/**
 * Makes the memberships follow the provider. It joins only groups that exist here. It ends only memberships that came
 * from the provider; those from a policy file or an administrator stay.
 */
async function syncGroups(trx: Transaction<Database>, userId: string, names: readonly string[]): Promise<string[]> {
  const providerGroups = await trx
    .selectFrom('groups')
    .select(['id', 'handle'])
    .where('handle', '=', sql<string>`any(${names})`)
    .execute()
  const memberships = await trx.selectFrom('memberships').select('group_id').where('user_id', '=', userId).execute()
  const providerMemberships = await trx
    .selectFrom('provider_memberships')
    .innerJoin('groups', 'groups.id', 'group_id')
    .select(['id', 'handle'])
    .where('user_id', '=', userId)
    .execute()

  const joins = providerGroups.filter(({ id }) => !memberships.some(({ group_id }) => group_id === id))
  const leaves = providerMemberships.filter(({ id }) => !providerGroups.some((group) => group.id === id))
  const rows = joins.map(({ id }) => ({ group_id: id, user_id: userId }))
  if (rows.length > 0) await trx.insertInto('memberships').values(rows).execute()
  if (rows.length > 0) await trx.insertInto('provider_memberships').values(rows).execute()
  for (const { id } of leaves) await trx.deleteFrom('memberships').where('user_id', '=', userId).where('group_id', '=', id).execute()
  return [...joins.map(({ handle }) => `joined ${handle}`), ...leaves.map(({ handle }) => `left ${handle}`)]
}

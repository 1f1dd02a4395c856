import type { Database } from '@bir/db/schema'
import { Handle } from '@bir/sdk/contract/names'
import type { Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { ChangeResult, Ctx } from '../base/context.ts'
import { followProvider } from '../groups/members.ts'
import { isKnown } from '../users/declared.ts'
import { claimDeclared } from '../users/write-declared.ts'
import { isLastAdministrator } from '../users/last-administrator.ts'
import { putUser } from '../users/users.ts'
import type { UserRow } from '../users/users.ts'
import { oauthError } from '../base/errors/oauth-error.ts'
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
  const known = await trx
    .selectFrom('users')
    .selectAll()
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .where('claimed', '=', true)
    .where('awaits_subject', '=', false)
    .executeTakeFirst()
  const claimed = known ? undefined : await claimDeclared(trx, { provider, subject, email, isVerified: claims.email_verified === true })
  const existing = known ?? claimed?.row
  // Refusing the sign-in would shut the gateway's last administrator out, and so would taking the role.
  const keepsRole = existing !== undefined && (await isLastAdministrator(trx, existing))
  const put = await putUser(trx, {
    handle: existing?.handle ?? (await newHandle(trx, claims)),
    provider,
    subject,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(roles === undefined ? {} : { administrator: roles.includes(administratorRole) || keepsRole }),
  })
  const groupChanges = groups === undefined ? [] : await followProvider(trx, put.value.id, groups)
  const kept = keepsRole && roles?.includes(administratorRole) === false ? ['keeps the role administrator, which nobody else has'] : []
  const first = claimed ? [`is who was declared as ${claimed.row.handle}, by the ${claimed.by}`] : []
  if (groupChanges.length + kept.length + first.length === 0) return put

  const bucket = existing && groupChanges.length > 0 ? [put.value.bucket] : []
  const dirty = put.dirty === 'nothing' ? [] : put.dirty
  const details = [put.dirty === 'nothing' ? undefined : put.detail, ...first, ...groupChanges, ...kept]
  const detail = details.filter((part) => part !== undefined).join(', ')
  return { value: put.value, dirty: dirty === 'all' ? 'all' : [...dirty, ...bucket], detail }
}

/** Nobody gets the handle of a declared person by calling themselves so. */
async function newHandle(trx: Transaction<Database>, claims: ProviderClaims): Promise<string> {
  const handle = handleOf(claims)
  const row = await trx.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (!row || isKnown(row)) return handle
  if (row.declared === null)
    throw oauthError(
      'invalid_grant',
      `The handle ${handle} is that of a person who was declared and never signed in. The policy declares them no more, and a handle never changes hands: an administrator may declare them again.`,
    )
  throw oauthError(
    'invalid_grant',
    `The handle ${handle} is kept for a person whom the policy declares, and this token does not prove to be theirs: it needs their address as "email" with "email_verified", or an administrator names the subject.`,
  )
}

function handleOf({ preferred_username }: ProviderClaims): string {
  const handle = Handle.safeParse(preferred_username?.toLowerCase())
  if (handle.success) return handle.data
  throw oauthError('invalid_grant', 'The subject token has no preferred_username that could be a handle.')
}

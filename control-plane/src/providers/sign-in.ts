import type { Database } from '@bir/db/schema'
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
import type { MappedClaims } from './claims/mapped-claims.ts'
import { ProviderFault } from './faults/provider-fault.ts'

/**
 * Finds the person of these claims. The first sign-in creates the person; each sign-in updates them from the claims.
 * Throws a `ProviderFault` when nobody can be who they describe.
 */
export async function signIn(ctx: Ctx, provider: string, claims: MappedClaims): Promise<{ user: UserRow; revision: number }> {
  const record = { action: 'users.signIn', target: claims.handle ?? claims.subject }
  try {
    const { value: user, revision } = await change(ctx, record, (trx) => updateFromClaims(trx, provider, claims))
    return { user, revision }
  } catch (error) {
    throw asFault(error, claims)
  }
}

/** Takes back everything that a transaction did, and carries what it found. */
class TakenBack extends Error {
  override readonly name = 'TakenBack'
  readonly found: SignInTrial

  constructor(found: SignInTrial) {
    super('taken back')
    this.found = found
  }
}

interface SignInTrial {
  user: UserRow
  isNew: boolean
  /** All groups after the sign-in. */
  groups: string[]
  /** What changes. Undefined: nothing. */
  detail: string | undefined
}

/** What `signIn` would do. Changes nothing, and throws the same faults. */
export async function trySignIn({ db }: Ctx, provider: string, claims: MappedClaims): Promise<SignInTrial> {
  try {
    return await db.transaction().execute(async (trx) => {
      const before = await personOf(trx, provider, claims.subject)
      const { value: user, dirty, detail } = await updateFromClaims(trx, provider, claims)
      const groups = await trx
        .selectFrom('memberships')
        .innerJoin('groups', 'groups.id', 'group_id')
        .select('handle')
        .where('user_id', '=', user.id)
        .orderBy('handle')
        .execute()
      throw new TakenBack({
        user,
        isNew: before === undefined,
        groups: groups.map(({ handle }) => handle),
        detail: dirty === 'nothing' ? undefined : detail,
      })
    })
  } catch (error) {
    if (error instanceof TakenBack) return error.found
    throw asFault(error, claims)
  }
}

const asFault = (error: unknown, { handle }: MappedClaims) =>
  error instanceof ApiError && error.code === 'conflict' ? taken({ handle, what: error.message }, error) : error

/** The person who has signed in as this subject before. */
const personOf = (trx: Transaction<Database>, provider: string, subject: string): Promise<UserRow | undefined> =>
  trx
    .selectFrom('users')
    .selectAll()
    .where('provider', '=', provider)
    .where('subject', '=', subject)
    .where('claimed', '=', true)
    .where('awaits_subject', '=', false)
    .executeTakeFirst()

async function updateFromClaims(trx: Transaction<Database>, provider: string, claims: MappedClaims): Promise<ChangeResult<UserRow>> {
  const { subject, name, email, isEmailVerified, administrator, groups, notes } = claims
  const known = await personOf(trx, provider, subject)
  const claimed = known ? undefined : await claimDeclared(trx, { provider, subject, email, isVerified: isEmailVerified })
  const existing = known ?? claimed?.row
  // Refusing the sign-in would shut the gateway's last administrator out, and so would taking the role.
  const keepsRole = existing !== undefined && (await isLastAdministrator(trx, existing))
  const person = {
    handle: existing?.handle ?? (await newHandle(trx, provider, claims)),
    provider,
    subject,
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(administrator === undefined ? {} : { administrator: administrator || keepsRole }),
  }
  const put = await putUser(trx, person, { isEmailVerified })
  const groupChanges = groups === undefined ? [] : await followProvider(trx, put.value.id, groups)
  const kept = keepsRole && administrator === false ? ['keeps the role administrator, which nobody else has'] : []
  const first = claimed ? [`is who was declared as ${claimed.row.handle}, by the ${claimed.by}`] : []
  if (groupChanges.length + kept.length + first.length === 0) return put.dirty === 'nothing' ? put : withNotes(put, notes)

  const bucket = existing && groupChanges.length > 0 ? [put.value.bucket] : []
  const dirty = put.dirty === 'nothing' ? [] : put.dirty
  const details = [put.dirty === 'nothing' ? undefined : put.detail, ...first, ...groupChanges, ...kept]
  const detail = details.filter((part) => part !== undefined).join(', ')
  return withNotes({ value: put.value, dirty: dirty === 'all' ? 'all' : [...dirty, ...bucket], detail }, notes)
}

const withNotes = (result: ChangeResult<UserRow>, notes: readonly string[]): ChangeResult<UserRow> =>
  notes.length === 0 ? result : { ...result, detail: [result.detail, ...notes].filter((part) => part !== undefined).join('. ') }

/** Nobody gets the handle of another person, or of a declared one, by calling themselves so. */
async function newHandle(trx: Transaction<Database>, provider: string, { handle, handleFault }: MappedClaims): Promise<string> {
  if (handle === undefined)
    throw new ProviderFault({
      reason: 'claims-refused',
      whose: 'administrator',
      what: `The provider ${provider} gives this person no name that could be their handle: it ${handleFault}.`,
      next: 'An administrator can say which claim is the handle, in the rules "claims" of the provider.',
    })
  const row = await trx.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (!row) return handle
  if (row.kind === 'service')
    throw taken({ handle, what: `The handle ${handle} is that of a service account: handles never change hands.` })
  if (isKnown(row)) throw taken({ handle, what: `The handle ${handle} belongs to another person: handles never change hands.` })
  if (row.declared === null)
    throw taken({
      handle,
      what: `The handle ${handle} is that of a person who was declared and never signed in. The policy declares them no more, and a handle never changes hands.`,
      next: 'An administrator may declare them again.',
    })
  throw taken({
    handle,
    what: `The handle ${handle} is kept for a person whom the policy declares, and this sign-in does not prove to be theirs.`,
    next: 'It needs their address as "email" with "email_verified", or an administrator names the subject.',
  })
}

const nextOfTaken =
  'An administrator can make handles of this provider different, by the rules "claims", such as handle: "{preferred_username}.corp".'

interface Taken {
  handle: string | undefined
  what: string
  next?: string
}

const taken = ({ handle, what, next = nextOfTaken }: Taken, cause?: unknown) =>
  new ProviderFault({ reason: 'handle-taken', whose: 'administrator', what, next, handle }, { cause })

import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { anyOf } from '../policy-rows/read.ts'
import { endSessionsOf } from '../sessions/end-session.ts'
import { changedPeople, isKnown, leftOut } from './declared.ts'
import type { DeclaredPeople, DeclaredPerson } from './declared.ts'
import { refuseLastAdministrator } from './last-administrator.ts'
import type { UserRow } from './users.ts'

/** Writes the difference. Resolves with the buckets that it makes dirty. */
export async function writeDeclared(
  trx: Transaction<Database>,
  usualProvider: string,
  before: DeclaredPeople,
  after: DeclaredPeople,
): Promise<number[]> {
  const buckets: number[] = []
  for (const [, { id }] of leftOut(before, after)) buckets.push(...(await withdraw(trx, id)))
  const changed = changedPeople(before, after)
  // First of all, so that an address or a subject is free for another person of the same file.
  await closeWaysIn(
    trx,
    changed.map(([, { id }]) => id),
  )
  for (const [handle, person] of changed)
    buckets.push(...(await declare(trx, { ...person, handle, provider: person.entry.provider ?? usualProvider })))
  return buckets
}

async function withdraw(trx: Transaction<Database>, id: string): Promise<number[]> {
  const update = trx.updateTable('users').set({ declared: null, updated_at: new Date() }).where('id', '=', id)
  const row = await update.returningAll().executeTakeFirstOrThrow()
  if (isKnown(row)) return []
  await refuseLastAdministrator(trx, row, 'cannot be disabled')
  await closeWaysIn(trx, [id])
  // Whom an administrator disabled stays disabled when a file declares them again.
  const disabled_by_file = row.disabled ? row.disabled_by_file : true
  await trx.updateTable('users').set({ disabled: true, disabled_by_file }).where('id', '=', id).execute()
  await endSessionsOf(trx, id, `${row.handle} was disabled by the policy file`)
  return [row.bucket]
}

/** Nobody who has not come yet can become one of these people. */
async function closeWaysIn(trx: Transaction<Database>, ids: string[]): Promise<void> {
  await trx
    .updateTable('users')
    .set({ claimed: false, awaits_subject: false, awaits_email: null, subject: sql`'unclaimed:' || gen_random_uuid()` })
    .where('id', '=', anyOf(ids))
    .where((eb) => eb.or([eb('claimed', '=', false), eb('awaits_subject', '=', true)]))
    .execute()
}

interface Declaration extends DeclaredPerson {
  handle: string
  provider: string
}

async function declare(trx: Transaction<Database>, { id, handle, provider, entry }: Declaration): Promise<number[]> {
  const declared = JSON.stringify(entry)
  const existing = await trx.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (existing && isKnown(existing)) {
    await trx.updateTable('users').set({ declared }).where('id', '=', existing.id).execute()
    return []
  }
  const { subject, email, name } = entry
  const row = {
    ...(subject === undefined ? {} : { subject, claimed: true, awaits_subject: true }),
    awaits_email: subject === undefined ? (email?.toLowerCase() ?? null) : null,
    provider,
    declared,
    name: name ?? null,
    email: email ?? null,
    email_verified: email !== undefined,
  }
  const isBack = existing?.disabled_by_file === true
  const written = existing
    ? await trx
        .updateTable('users')
        .set({ ...row, ...(isBack ? { disabled: false, disabled_by_file: false } : {}), updated_at: new Date() })
        .where('id', '=', existing.id)
        .returning('bucket')
        .executeTakeFirstOrThrow()
    : await trx
        .insertInto('users')
        .values({ id, handle, subject: sql`'unclaimed:' || gen_random_uuid()`, claimed: false, ...row })
        .returning('bucket')
        .executeTakeFirstOrThrow()
  return [written.bucket]
}

interface FirstSignIn {
  provider: string
  subject: string
  email: string | undefined
  /** Whether the provider has verified the address (OpenID Connect Core, section 5.1, `email_verified`). */
  isVerified: boolean
}

/**
 * Makes the declared person with this subject, or else with this verified address, the one whom the provider calls
 * `subject`. One whom an administrator disabled meanwhile too: else they would come in as somebody new.
 */
export async function claimDeclared(
  trx: Transaction<Database>,
  { provider, subject, email, isVerified }: FirstSignIn,
): Promise<{ row: UserRow; by: 'subject' | 'verified address' } | undefined> {
  const claim = trx
    .updateTable('users')
    .set({ subject, claimed: true, awaits_subject: false, awaits_email: null, updated_at: new Date() })
    .where('provider', '=', provider)
    .returningAll()
  const bySubject = await claim.where('awaits_subject', '=', true).where('subject', '=', subject).executeTakeFirst()
  if (bySubject) return { row: bySubject, by: 'subject' }
  if (!isVerified || email === undefined) return undefined
  const byAddress = await claim.where('awaits_email', '=', email.toLowerCase()).where('claimed', '=', false).executeTakeFirst()
  return byAddress && { row: byAddress, by: 'verified address' }
}

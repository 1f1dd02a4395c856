import { randomUUID } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import type { FileUser } from '@bir/sdk/contract/policy-file'
import { canonical } from '@bir/sdk/contract/canonical'
import { sql } from 'kysely'
import type { Selectable, Transaction } from 'kysely'
import type { Db } from '../policy-rows/types.ts'

/*
 * A declared person exists before they sign in, and may hold grants. So it must be certain who becomes this person: the
 * one whom the provider calls by the declared `subject`, or the first who comes with the declared address, verified by
 * the provider. The name that somebody chose (`preferred_username`) makes nobody a declared person.
 */

interface DeclaredPerson {
  id: string
  entry: FileUser
}

/** The people whom policy files have declared, by handle. */
export type DeclaredPeople = ReadonlyMap<string, DeclaredPerson>

export async function readDeclared(db: Db): Promise<DeclaredPeople> {
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle', 'declared'])
    .where('declared', 'is not', null)
    .orderBy('handle')
    .execute()
  return new Map(rows.map(({ id, handle, declared }) => [handle, { id, entry: declared ?? {} }]))
}

type Section = Readonly<Record<string, FileUser>>
type UserRow = Selectable<Database['users']>

/** Everything that is wrong with the section `users` of a file, by handle. */
export async function declaredFaults(db: Db, provider: string, section: Section): Promise<[handle: string, fault: string][]> {
  const entries = Object.entries(section)
  const rows = await rowsOf(db, provider, section)
  const byHandle = new Map(rows.map((row) => [row.handle, row]))
  const bySubject = new Map(rows.filter((row) => row.claimed && row.provider === provider).map((row) => [row.subject, row.handle]))
  return entries.flatMap(([handle, { subject, email }], index) => {
    const row = byHandle.get(handle)
    const earlier = entries.slice(0, index)
    const sameSubject =
      subject === undefined ? undefined : (earlier.find(([, other]) => other.subject === subject)?.[0] ?? bySubject.get(subject))
    const sameEmail = email === undefined ? undefined : earlier.find(([, other]) => other.email?.toLowerCase() === email.toLowerCase())?.[0]
    const isAnother = row?.claimed === true && subject !== undefined && (row.subject !== subject || row.provider !== provider)
    const isOpen = row?.claimed !== true && subject === undefined && email === undefined
    const faults = [
      isAnother && `the handle ${handle} belongs to another subject: handles never change hands`,
      sameSubject !== undefined && sameSubject !== handle && `the provider's subject is that of ${sameSubject}`,
      sameEmail !== undefined && `the address is that of ${sameEmail}`,
      isOpen && `nobody is known as ${handle} yet: name the email or the subject by which the provider knows them`,
    ]
    return faults.flatMap((fault): [string, string][] => (fault === false ? [] : [[handle, fault]]))
  })
}

function rowsOf(db: Db, provider: string, section: Section): Promise<UserRow[]> {
  const subjects = Object.values(section).flatMap(({ subject }) => subject ?? [])
  return db
    .selectFrom('users')
    .selectAll()
    .where((eb) =>
      eb.or([
        eb('handle', '=', sql<string>`any(${Object.keys(section)})`),
        eb.and([eb('provider', '=', provider), eb('subject', '=', sql<string>`any(${subjects})`)]),
      ]),
    )
    .execute()
}

/** What a file changes, a text each. */
export function declaredEdits(before: DeclaredPeople, after: DeclaredPeople): string[] {
  const changes = [...after].flatMap(([handle, { entry }]) => {
    const old = before.get(handle)?.entry
    if (old && canonical(old) === canonical(entry)) return []
    return [`${old ? 'change' : 'declare'} person ${handle}${wayIn(entry)}`]
  })
  const left = [...before.keys()].filter((handle) => !after.has(handle))
  return [...changes, ...left.map((handle) => `person ${handle} is declared no more: who has not signed in cannot become this person`)]
}

function wayIn({ subject, email }: FileUser): string {
  if (subject !== undefined) return `: whom the provider calls ${subject}`
  return email === undefined ? '' : `: who signs in with ${email}`
}

/** Writes the difference. Resolves with the buckets that it makes dirty. */
export async function writeDeclared(
  trx: Transaction<Database>,
  provider: string,
  before: DeclaredPeople,
  after: DeclaredPeople,
): Promise<number[]> {
  const buckets: number[] = []
  // First, so that an address is free for another person of the same file.
  for (const [handle, { id }] of before) if (!after.has(handle)) buckets.push(...(await withdraw(trx, id)))
  for (const [handle, { id, entry }] of after) {
    const old = before.get(handle)?.entry
    if (old && canonical(old) === canonical(entry)) continue
    buckets.push(...(await declare(trx, { id, handle, provider, entry })))
  }
  return buckets
}

async function withdraw(trx: Transaction<Database>, id: string): Promise<number[]> {
  await trx.updateTable('users').set({ declared: null, updated_at: new Date() }).where('id', '=', id).execute()
  const rows = await trx
    .updateTable('users')
    .set({ disabled: true, awaits_email: null })
    .where('id', '=', id)
    .where('claimed', '=', false)
    .returning('bucket')
    .execute()
  return rows.map(({ bucket }) => bucket)
}

interface Declaration extends DeclaredPerson {
  handle: string
  provider: string
}

async function declare(trx: Transaction<Database>, { id, handle, provider, entry }: Declaration): Promise<number[]> {
  const declared = JSON.stringify(entry)
  const existing = await trx.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (existing?.claimed) {
    await trx.updateTable('users').set({ declared }).where('id', '=', existing.id).execute()
    return []
  }
  const known =
    entry.subject === undefined ? { claimed: false, subject: `unclaimed:${randomUUID()}` } : { claimed: true, subject: entry.subject }
  const awaits_email = entry.subject === undefined ? (entry.email?.toLowerCase() ?? null) : null
  const row = { ...known, provider, declared, awaits_email, name: entry.name ?? null, email: entry.email ?? null }
  // Whom a file withdrew was disabled by it; whom an administrator disabled stays so.
  const wasWithdrawn = existing !== undefined && existing.declared === null
  const written = existing
    ? await trx
        .updateTable('users')
        .set({ ...row, ...(wasWithdrawn ? { disabled: false } : {}), updated_at: new Date() })
        .where('id', '=', existing.id)
        .returning('bucket')
        .executeTakeFirstOrThrow()
    : await trx
        .insertInto('users')
        .values({ id, handle, ...row })
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
 * Makes the declared person with this verified address the one whom the provider calls `subject`. One whom an
 * administrator disabled meanwhile too: else they would come in as somebody new.
 */
export async function claimDeclared(
  trx: Transaction<Database>,
  { provider, subject, email, isVerified }: FirstSignIn,
): Promise<UserRow | undefined> {
  if (!isVerified || email === undefined) return undefined
  return trx
    .updateTable('users')
    .set({ subject, claimed: true, awaits_email: null, updated_at: new Date() })
    .where('provider', '=', provider)
    .where('awaits_email', '=', email.toLowerCase())
    .where('claimed', '=', false)
    .returningAll()
    .executeTakeFirst()
}

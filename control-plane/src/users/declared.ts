import type { Database } from '@bir/db/schema'
import type { FileUser } from '@bir/sdk/contract/policy-file'
import { canonical } from '@bir/sdk/contract/canonical'
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Db } from '../policy-rows/types.ts'

/*
 * A declared person exists before they sign in, and may hold grants. So it must be certain who becomes this person: the
 * one whom the provider calls by the declared `subject`, or the first who comes with the declared address, verified by
 * the provider. The name that somebody chose (`preferred_username`) makes nobody a declared person.
 */

export interface DeclaredPerson {
  id: string
  entry: FileUser
  /** As it is now, before the file is applied. */
  standing: Standing
}

/** What of a person decides what a file can do to them. */
export interface Standing {
  /** Whether it is certain who this is: they have signed in, or an administrator made them. */
  isKnown: boolean
  disabledBy: 'file' | 'administrator' | null
}

export const NOT_YET_HERE: Standing = { isKnown: false, disabledBy: null }

/** The people whom policy files have declared, by handle. */
export type DeclaredPeople = ReadonlyMap<string, DeclaredPerson>

export async function readDeclared(db: Db): Promise<DeclaredPeople> {
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle', 'declared', ...standingColumns])
    .where('declared', 'is not', null)
    .where('kind', '=', 'person')
    .orderBy('handle')
    .execute()
  return new Map(rows.map((row) => [row.handle, { id: row.id, entry: row.declared ?? {}, standing: standingOf(row) }]))
}

type Section = Readonly<Record<string, FileUser>>
type UserRow = Selectable<Database['users']>

/** The columns that `standingOf` needs. */
export const standingColumns = ['claimed', 'awaits_subject', 'disabled', 'disabled_by_file'] as const

export const standingOf = (row: Pick<UserRow, (typeof standingColumns)[number]>): Standing => ({
  isKnown: isKnown(row),
  disabledBy: row.disabled ? (row.disabled_by_file ? 'file' : 'administrator') : null,
})

export const isKnown = ({ claimed, awaits_subject }: Pick<UserRow, 'claimed' | 'awaits_subject'>) => claimed && !awaits_subject

/** All that is wrong with the section `users` of a file, by handle. `usual`: the provider that need not be named. */
export async function declaredFaults(db: Db, usual: string, section: Section): Promise<[handle: string, fault: string][]> {
  const entries = Object.entries(section)
  const rows = await rowsOf(db, section)
  const byHandle = new Map(rows.map((row) => [row.handle, row]))
  // A subject with which nobody has come yet is free once the file names it no more.
  const bySubject = new Map(rows.filter(isKnown).map((row) => [`${row.provider} ${row.subject}`, row.handle]))
  return entries.flatMap(([handle, { subject, email, provider = usual }], index) => {
    const row = byHandle.get(handle)
    const earlier = entries.slice(0, index)
    const sameSubject =
      subject === undefined
        ? undefined
        : (earlier.find(([, other]) => other.subject === subject && (other.provider ?? usual) === provider)?.[0] ??
          bySubject.get(`${provider} ${subject}`))
    const sameEmail = email === undefined ? undefined : earlier.find(([, other]) => other.email?.toLowerCase() === email.toLowerCase())?.[0]
    if (row?.kind === 'service') return [[handle, `${handle} is a service account: declare it under serviceAccounts`]]
    const known = row && isKnown(row) ? row : undefined
    const isAnother = known !== undefined && subject !== undefined && (known.subject !== subject || known.provider !== provider)
    const isOpen = known === undefined && subject === undefined && email === undefined
    const faults = [
      isAnother && `the handle ${handle} belongs to another subject: handles never change hands`,
      sameSubject !== undefined && sameSubject !== handle && `the provider's subject is that of ${sameSubject}`,
      sameEmail !== undefined && `the address is that of ${sameEmail}`,
      isOpen && `nobody is known as ${handle} yet: name the email or the subject by which the provider knows them`,
    ]
    return faults.flatMap((fault): [string, string][] => (fault === false ? [] : [[handle, fault]]))
  })
}

function rowsOf(db: Db, section: Section): Promise<UserRow[]> {
  const subjects = Object.values(section).flatMap(({ subject }) => subject ?? [])
  return db
    .selectFrom('users')
    .selectAll()
    .where((eb) => eb.or([eb('handle', '=', sql<string>`any(${Object.keys(section)})`), eb('subject', '=', sql<string>`any(${subjects})`)]))
    .execute()
}

export const changedPeople = (before: DeclaredPeople, after: DeclaredPeople) =>
  [...after].filter(([handle, { entry }]) => {
    const old = before.get(handle)?.entry
    return !old || canonical(old) !== canonical(entry)
  })

export const leftOut = (before: DeclaredPeople, after: DeclaredPeople) => [...before].filter(([handle]) => !after.has(handle))

/** What a file changes, a text each. */
export function declaredEdits(before: DeclaredPeople, after: DeclaredPeople): string[] {
  const changes = changedPeople(before, after).map(([handle, { entry, standing }]) => {
    const what = `${before.has(handle) ? 'change' : 'declare'} person ${handle}`
    if (standing.isKnown) return `${what} in the file alone: it is certain already who they are`
    return `${what}${wayIn(entry)}${standing.disabledBy === 'administrator' ? ', and they stay disabled until an administrator enables them' : ''}`
  })
  const left = leftOut(before, after).map(([handle, { standing }]) =>
    standing.isKnown
      ? `person ${handle} is declared no more, and stays as they are`
      : `person ${handle} is declared no more: nobody has signed in as them, so they are disabled`,
  )
  return [...changes, ...left]
}

function wayIn({ subject, email, provider }: FileUser): string {
  if (subject !== undefined) return `: whom the provider ${provider === undefined ? '' : `${provider} `}calls ${subject}`
  const where = provider === undefined ? '' : ` at the provider ${provider}`
  return email === undefined ? '' : `: who signs in with ${email}${where}`
}

/** Who is disabled after the file and not before, or the other way round. */
export function disabledAfter(before: DeclaredPeople, after: DeclaredPeople): ReadonlyMap<string, boolean> {
  const left = leftOut(before, after).filter(([, { standing }]) => !standing.isKnown)
  const back = changedPeople(before, after).filter(([, { standing }]) => !standing.isKnown && standing.disabledBy === 'file')
  const entry =
    (disabled: boolean) =>
    ([, { id }]: [string, DeclaredPerson]): [string, boolean] => [id, disabled]
  return new Map([...left.map(entry(true)), ...back.map(entry(false))])
}

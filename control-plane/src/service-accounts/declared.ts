import type { FileServiceAccount } from '@bir/sdk/contract/policy-file'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Db } from '../policy-rows/types.ts'
import type { AccountFields } from './account.ts'

/*
 * Service accounts as a policy file has them. The section `serviceAccounts` is complete: an account that it leaves out
 * is disabled, and one that it names again is enabled. None is deleted, so a handle never comes to mean another
 * program. What an administrator disabled is outside of all this until they enable it: no file does.
 */

interface DeclaredAccount extends AccountFields {
  id: string
  /** Where the account is now, before the file is applied. */
  standing: AccountStanding
}

/** out: a file left it out, so it is disabled. closed: an administrator disabled it. */
export type AccountStanding = 'new' | 'in' | 'out' | 'closed'

/** By handle. */
export type DeclaredAccounts = ReadonlyMap<string, DeclaredAccount>

export const standingOfAccount = ({ disabled, disabled_by_file }: { disabled: boolean; disabled_by_file: boolean }): AccountStanding => {
  if (!disabled) return 'in'
  return disabled_by_file ? 'out' : 'closed'
}

/** The accounts that a file speaks of: those that are not disabled. */
export async function readAccounts(db: Db): Promise<DeclaredAccounts> {
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle', 'name as title', 'administrator'])
    .where('kind', '=', 'service')
    .where('disabled', '=', false)
    .orderBy('handle')
    .execute()
  return new Map(rows.map(({ id, handle, title, administrator }) => [handle, { id, title, administrator, standing: 'in' }]))
}

type Section = Readonly<Record<string, FileServiceAccount>>

/** The accounts after the file. */
export function nextAccounts(
  section: Section,
  idOf: (handle: string) => string,
  standingOf: (handle: string) => AccountStanding,
): DeclaredAccounts {
  const entries = Object.entries(section).map(([handle, { title = null, administrator = false }]): [string, DeclaredAccount] => [
    handle,
    { id: idOf(handle), title, administrator, standing: standingOf(handle) },
  ])
  return new Map(entries.filter(([, { standing }]) => standing !== 'closed'))
}

/** The accounts as the section of a file that makes them. */
export const fileAccounts = (accounts: DeclaredAccounts): Section =>
  Object.fromEntries(
    [...accounts].map(([handle, { title, administrator }]) => [
      handle,
      { ...(title === null ? {} : { title }), ...(administrator ? { administrator } : {}) },
    ]),
  )

export const changedAccounts = (before: DeclaredAccounts, after: DeclaredAccounts) =>
  [...after].filter(([handle, { title, administrator }]) => {
    const old = before.get(handle)
    return !old || canonical([old.title, old.administrator]) !== canonical([title, administrator])
  })

export const accountsLeftOut = (before: DeclaredAccounts, after: DeclaredAccounts) => [...before].filter(([handle]) => !after.has(handle))

/** What a file changes, a text each. */
export function accountEdits(before: DeclaredAccounts, after: DeclaredAccounts): string[] {
  const changes = changedAccounts(before, after).map(([handle, account]) => {
    const old = before.get(handle)
    if (old) return `change service account ${handle}: ${differences(old, account).join(', ')}`
    const role = account.administrator ? ', an administrator' : ''
    return account.standing === 'out'
      ? `service account ${handle} is declared again${role}, so it is enabled`
      : `add service account ${handle}${role}`
  })
  const left = accountsLeftOut(before, after).map(([handle]) => `service account ${handle} is declared no more, so it is disabled`)
  return [...changes, ...left]
}

const differences = (old: AccountFields, { title, administrator }: AccountFields): string[] => [
  ...(old.title === title ? [] : [`title ${title ?? 'none'}`]),
  ...(old.administrator === administrator ? [] : [administrator ? 'an administrator now' : 'an administrator no more']),
]

/** Which accounts are disabled after the file and not before, or the other way round, by id. */
export function accountsDisabledAfter(before: DeclaredAccounts, after: DeclaredAccounts): ReadonlyMap<string, boolean> {
  const left = accountsLeftOut(before, after).map(([, { id }]): [string, boolean] => [id, true])
  const back = [...after.values()].filter(({ standing }) => standing === 'out').map(({ id }): [string, boolean] => [id, false])
  return new Map([...left, ...back])
}

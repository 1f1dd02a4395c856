import { readMembers } from '../groups/members.ts'
import { readAccounts } from '../service-accounts/declared.ts'
import type { DeclaredAccounts } from '../service-accounts/declared.ts'
import { servicesAmong } from '../holders/holder.ts'
import { readDeclared } from '../users/declared.ts'
import type { DeclaredPeople } from '../users/declared.ts'
import { readSections } from '../policy-sections/sections.ts'
import type { Sections } from '../policy-sections/sections.ts'
import { anyOf, readPolicyRows } from '../policy-rows/read.ts'
import type { Db, PolicyRows } from '../policy-rows/types.ts'

/** The policy that is in force, or the policy that a file would make. */
export interface PolicyState {
  rows: PolicyRows
  users: DeclaredPeople
  serviceAccounts: DeclaredAccounts
  /** Who is declared to be a member: sorted user ids by group id. Empty if the file has no section `groups`. */
  members: ReadonlyMap<string, readonly string[]>
  /** Whom the identity provider made a member, in the same form. A file changes nothing about them. */
  given: ReadonlyMap<string, readonly string[]>
  sections: Sections
  /** Handles by id, of groups and of all people who appear in the policy. */
  handles: ReadonlyMap<string, string>
  /** The ids of those who are service accounts, of all that appear in the policy. */
  services: ReadonlySet<string>
}

/** Memberships are read only on request, because only they grow with the size of the company. */
export async function readState(db: Db, { withMembers }: { withMembers: boolean }): Promise<PolicyState> {
  const rows = await readPolicyRows(db)
  const declared = await readDeclared(db)
  const sections = await readSections(db)
  const serviceAccounts = await readAccounts(db)
  const { members, given } = withMembers ? await membersByGroup(db, rows) : { members: new Map(), given: new Map() }
  const holders = [...rows.grants, ...rows.restrictions].filter(({ kind }) => kind === 'user').map(({ holderId }) => holderId)
  const userIds = [...new Set([...holders, ...[...members.values()].flat()])]
  const users = await db.selectFrom('users').select(['id', 'handle', 'kind']).where('id', '=', anyOf(userIds)).execute()
  const handles = new Map([...users, ...rows.groups].map(({ id, handle }) => [id, handle]))
  return { rows, users: declared, serviceAccounts, members, given, sections, handles, services: servicesAmong(users) }
}

async function membersByGroup(db: Db, { groups }: PolicyRows): Promise<Pick<PolicyState, 'members' | 'given'>> {
  const rows = await readMembers(db).orderBy('memberships.user_id').execute()
  const empty = () => new Map(groups.map(({ id }) => [id, [] as string[]]))
  const [members, given] = [empty(), empty()]
  for (const row of rows) {
    if (row.declared) members.get(row.group_id)?.push(row.user_id)
    if (row.given) given.get(row.group_id)?.push(row.user_id)
  }
  return { members, given }
}

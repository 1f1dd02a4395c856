import { anyOf, readPolicyRows } from '../policy-rows/read.ts'
import type { Db, PolicyRows } from '../policy-rows/types.ts'

/** The policy that is in force, or the policy that a file would make. */
export interface PolicyState {
  rows: PolicyRows
  /** Sorted user ids by group id. Empty if the file has no section `groups`. */
  members: ReadonlyMap<string, readonly string[]>
  /** Handles by id, of groups and of all people who appear in the policy. */
  handles: ReadonlyMap<string, string>
}

/** Memberships are read only on request, because only they grow with the size of the company. */
export async function readState(db: Db, { withMembers }: { withMembers: boolean }): Promise<PolicyState> {
  const rows = await readPolicyRows(db)
  const members = withMembers ? await readMembers(db, rows) : new Map<string, string[]>()
  const holders = [...rows.grants, ...rows.restrictions].filter(({ kind }) => kind === 'user').map(({ holderId }) => holderId)
  const userIds = [...new Set([...holders, ...[...members.values()].flat()])]
  const users = await db.selectFrom('users').select(['id', 'handle']).where('id', '=', anyOf(userIds)).execute()
  return { rows, members, handles: new Map([...users, ...rows.groups].map(({ id, handle }) => [id, handle])) }
}

async function readMembers(db: Db, { groups }: PolicyRows): Promise<Map<string, string[]>> {
  const rows = await db.selectFrom('memberships').selectAll().orderBy('user_id').execute()
  const members = new Map(groups.map(({ id }) => [id, [] as string[]]))
  for (const { group_id, user_id } of rows) members.get(group_id)?.push(user_id)
  return members
}

import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'

/*
 * Two may make a person a member of a group: the identity provider, and the policy itself (a file, an administrator).
 * Each takes back its own word alone, and a person is a member as long as one of them stands.
 */

/** What became of a group's members. */
export interface MemberChange {
  /** Those who joined or left. */
  userIds: string[]
  /** How many stay members, and were declared or are declared no more beside what the provider says. */
  sources: number
}

export const NO_CHANGE: MemberChange = { userIds: [], sources: 0 }

/** Every membership: whether it is declared, and whether the provider gave it. */
export const readMembers = (db: Db) =>
  db
    .selectFrom('memberships')
    .leftJoin('provider_memberships as provider', (join) =>
      join.onRef('provider.group_id', '=', 'memberships.group_id').onRef('provider.user_id', '=', 'memberships.user_id'),
    )
    .select(['memberships.group_id', 'memberships.user_id'])
    .select(sql<boolean>`provider.user_id is not null`.as('given'))
    .select(sql<boolean>`coalesce(provider.declared, true)`.as('declared'))

/** Declares exactly these people members. Those whom the provider made members stay. */
export async function setMembers(trx: Transaction<Database>, group: string, userIds: readonly string[]): Promise<MemberChange> {
  const wanted = new Set(userIds)
  const declared = await readMembers(trx).where('memberships.group_id', '=', group).execute()
  const remove = declared.filter((row) => row.declared && !wanted.has(row.user_id)).map(({ user_id }) => user_id)
  return editMembers(trx, group, { add: userIds, remove })
}

interface MemberEdit {
  add: readonly string[]
  remove: readonly string[]
}

/** Declares people members, and takes that back for others. */
export async function editMembers(trx: Transaction<Database>, group: string, { add, remove }: MemberEdit): Promise<MemberChange> {
  const rows = await readMembers(trx)
    .where('memberships.group_id', '=', group)
    .where('memberships.user_id', '=', anyOf([...add, ...remove]))
    .execute()
  const known = new Map(rows.map((row) => [row.user_id, row]))
  const joined = [...new Set(add)].filter((id) => !known.has(id))
  const declaredToo = add.filter((id) => known.get(id)?.declared === false)
  const removed = remove.flatMap((id) => known.get(id) ?? []).filter(({ declared }) => declared)
  const left = removed.filter(({ given }) => !given).map(({ user_id }) => user_id)
  const givenStill = removed.filter(({ given }) => given).map(({ user_id }) => user_id)

  await insertMembers(trx, group, joined)
  await trx.deleteFrom('memberships').where('group_id', '=', group).where('user_id', '=', anyOf(left)).execute()
  await setDeclared(trx, group, declaredToo, true)
  await setDeclared(trx, group, givenStill, false)
  return { userIds: [...joined, ...left], sources: declaredToo.length + givenStill.length }
}

/** A statement carries at most 65,535 parameters. */
const maxInsertRows = 10_000

async function insertMembers(trx: Transaction<Database>, group: string, userIds: readonly string[]): Promise<void> {
  for (let at = 0; at < userIds.length; at += maxInsertRows) {
    const rows = userIds.slice(at, at + maxInsertRows).map((user_id) => ({ group_id: group, user_id }))
    await trx.insertInto('memberships').values(rows).execute()
  }
}

const setDeclared = (trx: Transaction<Database>, group: string, userIds: readonly string[], declared: boolean) =>
  trx.updateTable('provider_memberships').set({ declared }).where('group_id', '=', group).where('user_id', '=', anyOf(userIds)).execute()

/**
 * Makes a person's memberships follow what the provider says now. It joins only groups that exist here, and takes back
 * only what the provider gave. Resolves with a text for each group that the person joined or left.
 */
export async function followProvider(trx: Transaction<Database>, userId: string, names: readonly string[]): Promise<string[]> {
  const named = await trx
    .selectFrom('groups')
    .select(['id', 'handle'])
    .where('handle', '=', sql<string>`any(${names})`)
    .execute()
  const current = await readMembers(trx)
    .innerJoin('groups', 'groups.id', 'memberships.group_id')
    .select('handle')
    .where('memberships.user_id', '=', userId)
    .execute()

  const known = new Map(current.map((row) => [row.group_id, row]))
  const joins = named.filter(({ id }) => !known.has(id))
  const given = named.filter(({ id }) => known.get(id)?.given !== true)
  const takenBack = current.filter((row) => row.given && !named.some(({ id }) => id === row.group_id))
  const leaves = takenBack.filter(({ declared }) => !declared)

  const ids = (rows: { group_id: string }[]) => anyOf(rows.map(({ group_id }) => group_id))
  const newMembers = joins.map(({ id }) => ({ group_id: id, user_id: userId }))
  const newlyGiven = given.map(({ id }) => ({ group_id: id, user_id: userId, declared: known.has(id) }))
  if (newMembers.length > 0) await trx.insertInto('memberships').values(newMembers).execute()
  if (newlyGiven.length > 0) await trx.insertInto('provider_memberships').values(newlyGiven).execute()
  await trx.deleteFrom('provider_memberships').where('user_id', '=', userId).where('group_id', '=', ids(takenBack)).execute()
  await trx.deleteFrom('memberships').where('user_id', '=', userId).where('group_id', '=', ids(leaves)).execute()
  return [...joins.map(({ handle }) => `joined ${handle}`), ...leaves.map(({ handle }) => `left ${handle}`)]
}

import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Group as GroupSchema } from '@bir/sdk/contract/entities'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { bucketsOfHolders, bucketsOfUsers, holdsSomething } from '../holders/buckets.ts'
import { groupId } from '../holders/holder.ts'
import { keyOf, pageOf } from '../base/paging.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'

type Input<K extends keyof Api['groups']> = z.output<Api['groups'][K]['input']>
type Group = z.infer<typeof GroupSchema>

export async function list({ db }: Ctx, { first, after }: Input<'list'>) {
  const key = keyOf(after)
  const rows = await db
    .selectFrom('groups')
    .select(['id', 'handle', 'title'])
    .$if(key !== undefined, (query) => query.where('handle', '>', key ?? ''))
    .orderBy('handle')
    .limit(first + 1)
    .execute()
  const members = await membersOf(
    db,
    rows.map(({ id }) => id),
  )
  return pageOf(
    rows,
    first,
    ({ handle }) => handle,
    ({ id, handle, title }): Group => ({ handle, title, members: members.get(id) ?? [] }),
  )
}

/** Replaces the whole group: a person who is not in `members` is no longer a member. */
export async function put(ctx: Ctx, { handle, members, ...input }: Input<'put'>): Promise<Group> {
  const title = input.title ?? null
  const memberHandles = [...new Set(members)].sort()
  const { value } = await change(ctx, { action: 'groups.put', target: handle }, async (trx) => {
    const userIds = await idsOf(trx, memberHandles)
    const existing = await trx.selectFrom('groups').selectAll().where('handle', '=', handle).executeTakeFirst()
    const id = existing?.id ?? uuidv7()
    if (!existing) await trx.insertInto('groups').values({ id, handle, title }).execute()
    else if (existing.title !== title) await trx.updateTable('groups').set({ title }).where('id', '=', id).execute()

    const changedUserIds = await setMembers(trx, id, userIds)
    const value = { handle, title, members: memberHandles }
    if (existing && existing.title === title && changedUserIds.length === 0) return { value, dirty: 'nothing' }
    const dirty = (await holdsSomething(trx, { kind: 'group', holderId: id })) ? await bucketsOfUsers(trx, changedUserIds) : []
    return { value, dirty, detail: `${memberHandles.length} members, ${changedUserIds.length} came or left` }
  })
  return value
}

/** Makes exactly these people the members of the group. Resolves with the ids of those who joined or left. */
export async function setMembers(trx: Transaction<Database>, group: string, userIds: readonly string[]): Promise<string[]> {
  const rows = await trx.selectFrom('memberships').select('user_id').where('group_id', '=', group).execute()
  const oldIds = new Set(rows.map(({ user_id }) => user_id))
  const newIds = new Set(userIds)
  const joined = [...newIds].filter((id) => !oldIds.has(id))
  const left = [...oldIds].filter((id) => !newIds.has(id))
  if (left.length > 0) await trx.deleteFrom('memberships').where('group_id', '=', group).where('user_id', '=', anyOf(left)).execute()
  for (let at = 0; at < joined.length; at += maxInsertRows) {
    const rows = joined.slice(at, at + maxInsertRows).map((user_id) => ({ group_id: group, user_id }))
    await trx.insertInto('memberships').values(rows).execute()
  }
  return [...joined, ...left]
}

/** A statement carries at most 65,535 parameters. */
const maxInsertRows = 10_000

/** Deletes the group with its grants and restrictions. */
export async function remove(ctx: Ctx, { handle }: Input<'delete'>) {
  const { revision } = await change(ctx, { action: 'groups.delete', target: handle }, async (trx) => {
    const id = await groupId(trx, handle)
    return { value: undefined, dirty: await removeGroup(trx, id) }
  })
  return { revision }
}

/** Resolves with the buckets of the people whose class changes. */
export async function removeGroup(trx: Transaction<Database>, id: string): Promise<number[]> {
  const heldSomething = await holdsSomething(trx, { kind: 'group', holderId: id })
  const buckets = heldSomething ? await bucketsOfHolders(trx, [id]) : []
  await trx.deleteFrom('grants').where('holder_id', '=', id).execute()
  await trx.deleteFrom('restrictions').where('holder_id', '=', id).execute()
  await trx.deleteFrom('groups').where('id', '=', id).execute()
  return buckets
}

async function idsOf(db: Db, handles: string[]): Promise<string[]> {
  if (handles.length === 0) return []
  const rows = await db.selectFrom('users').select(['id', 'handle']).where('handle', 'in', handles).execute()
  const existing = new Set(rows.map(({ handle }) => handle))
  const unknown = handles.filter((handle) => !existing.has(handle))
  if (unknown.length > 0) throw new ApiError('not_found', `There is no person ${unknown.join(', ')}.`)
  return rows.map(({ id }) => id)
}

async function membersOf(db: Db, groupIds: string[]): Promise<Map<string, string[]>> {
  const rows = await db
    .selectFrom('memberships')
    .innerJoin('users', 'users.id', 'user_id')
    .select(['group_id', 'handle'])
    .where('group_id', '=', anyOf(groupIds))
    .orderBy('handle')
    .execute()
  const byGroup = Map.groupBy(rows, ({ group_id }) => group_id)
  return new Map([...byGroup].map(([id, members]) => [id, members.map(({ handle }) => handle)]))
}

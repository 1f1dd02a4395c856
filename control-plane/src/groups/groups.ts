import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Group as GroupSchema } from '@bir/sdk/contract/entities'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sql } from 'kysely'
import type { Selectable, Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { bucketsOfHolders, bucketsOfUsers, holdsSomething } from '../holders/buckets.ts'
import { groupId, isNoMemberText } from '../holders/holder.ts'
import { keyOf, pageOf } from '../base/paging.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'
import { holdingTexts } from '../holders/holding-texts.ts'
import { forgetSecrets, secretTexts, tryErasures } from '../secrets/erasures/erasures.ts'
import { eraseHolder } from '../secrets/stores/embedded/holder-keys.ts'
import { editMembers, NO_CHANGE, readMembers, setMembers } from './members.ts'
import type { MemberChange } from './members.ts'

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
    ({ id, handle, title }): Group => ({ handle, title, ...(members.get(id) ?? noMembers) }),
  )
}

/** Creates a group, or changes what the input names: a title or members that are absent stay as they are. */
export async function put(ctx: Ctx, { handle, members, title }: Input<'put'>): Promise<Group> {
  const { value } = await change(ctx, { action: 'groups.put', target: handle }, async (trx) => {
    const userIds = members && (await idsOf(trx, members))
    const existing = await trx.selectFrom('groups').selectAll().where('handle', '=', handle).executeTakeFirst()
    const group = { id: existing?.id ?? uuidv7(), handle, title: title === undefined ? (existing?.title ?? null) : title }
    if (!existing) await trx.insertInto('groups').values(group).execute()
    const retitled = existing !== undefined && existing.title !== group.title
    if (retitled) await trx.updateTable('groups').set({ title: group.title }).where('id', '=', group.id).execute()
    const changed = userIds ? await setMembers(trx, group.id, userIds) : NO_CHANGE
    return changedGroup(trx, group, changed, { otherwise: !existing || retitled })
  })
  return value
}

/** Makes people members of the group. Those who are members already stay. */
export async function addMembers(ctx: Ctx, { handle, members }: Input<'addMembers'>): Promise<Group> {
  const { value } = await change(ctx, { action: 'groups.addMembers', target: handle }, async (trx) => {
    const group = await groupRow(trx, handle)
    const userIds = await idsOf(trx, members)
    return changedGroup(trx, group, await editMembers(trx, group.id, { add: userIds, remove: [] }))
  })
  return value
}

/** Takes people out of the group. Refuses when the identity provider is who makes one of them a member. */
export async function removeMembers(ctx: Ctx, { handle, members }: Input<'removeMembers'>): Promise<Group> {
  const { value } = await change(ctx, { action: 'groups.removeMembers', target: handle }, async (trx) => {
    const group = await groupRow(trx, handle)
    const userIds = await idsOf(trx, members)
    const changed = await editMembers(trx, group.id, { add: [], remove: userIds })
    const { membersFromProvider } = await entityOf(trx, group)
    const given = members.filter((member) => membersFromProvider.includes(member))
    if (given.length > 0) {
      const who = given.join(', ')
      throw new ApiError('conflict', `The identity provider makes ${who} a member of ${handle}: take ${who} out of the group there.`)
    }
    return changedGroup(trx, group, changed)
  })
  return value
}

type GroupRow = Pick<Selectable<Database['groups']>, 'id' | 'handle' | 'title'>

async function groupRow(db: Db, handle: string): Promise<GroupRow> {
  const row = await db.selectFrom('groups').select(['id', 'handle', 'title']).where('handle', '=', handle).executeTakeFirst()
  if (!row) throw notFound('group', handle)
  return row
}

/** What a change of the group comes to. `otherwise`: something else than its members has changed. */
async function changedGroup(trx: Transaction<Database>, group: GroupRow, { userIds, sources }: MemberChange, { otherwise = false } = {}) {
  const value = await entityOf(trx, group)
  if (!otherwise && userIds.length === 0 && sources === 0) return { value, dirty: 'nothing' as const }
  const dirty = (await holdsSomething(trx, { kind: 'group', holderId: group.id })) ? await bucketsOfUsers(trx, userIds) : []
  return { value, dirty, detail: `${value.members.length} members, ${userIds.length} came or left` }
}

async function entityOf(db: Db, { id, handle, title }: GroupRow): Promise<Group> {
  return { handle, title, ...((await membersOf(db, [id])).get(id) ?? noMembers) }
}

/** Deletes the group with its grants, restrictions and secrets. Resolves with what went with it. */
export async function remove(ctx: Ctx, { handle }: Input<'delete'>) {
  const { value: removed, revision } = await change(ctx, { action: 'groups.delete', target: handle }, async (trx) => {
    const id = await groupId(trx, handle)
    const { members = [] } = (await membersOf(trx, [id])).get(id) ?? {}
    const lost = members.length === 0 ? [] : [`${members.length} ${members.length === 1 ? 'membership' : 'memberships'}`]
    const ofGroup = { column: 'holder_id', value: id } as const
    const removed = [...(await holdingTexts(trx, ofGroup)), ...lost, ...(await secretTexts(trx, ofGroup))]
    return { value: removed, dirty: await removeGroup(trx, id, ctx.actor.label), detail: removed.join('\n') }
  })
  await tryErasures(ctx.db, ctx.secrets.store)
  return { revision, ...(removed.length === 0 ? {} : { removed }) }
}

/** Resolves with the buckets of the people whose class changes. */
export async function removeGroup(trx: Transaction<Database>, id: string, by: string): Promise<number[]> {
  const heldSomething = await holdsSomething(trx, { kind: 'group', holderId: id })
  const buckets = heldSomething ? await bucketsOfHolders(trx, [id]) : []
  await trx.deleteFrom('grants').where('holder_id', '=', id).execute()
  await trx.deleteFrom('restrictions').where('holder_id', '=', id).execute()
  await forgetSecrets(trx, { column: 'holder_id', value: id, by })
  await eraseHolder(trx, { kind: 'group', id })
  await trx.deleteFrom('groups').where('id', '=', id).execute()
  return buckets
}

async function idsOf(db: Db, members: readonly string[]): Promise<string[]> {
  const handles = [...new Set(members)]
  if (handles.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle', 'kind'])
    .where('handle', '=', sql<string>`any(${handles})`)
    .execute()
  const existing = new Set(rows.map(({ handle }) => handle))
  const unknown = handles.filter((handle) => !existing.has(handle)).sort()
  if (unknown.length > 0) throw new ApiError('not_found', noPeople(unknown))
  const service = rows.find(({ kind }) => kind === 'service')
  if (service) throw new ApiError('invalid_input', `${isNoMemberText(service.handle)}.`)
  return rows.map(({ id }) => id)
}

const noPeople = (handles: readonly string[]) =>
  handles.length === 1 ? `There is no person ${handles[0]}.` : `These people are not known: ${handles.join(', ')}.`

type Members = Pick<Group, 'members' | 'membersFromProvider'>
const noMembers: Members = { members: [], membersFromProvider: [] }

async function membersOf(db: Db, groupIds: string[]): Promise<Map<string, Members>> {
  const rows = await readMembers(db)
    .innerJoin('users', 'users.id', 'memberships.user_id')
    .select('handle')
    .where('memberships.group_id', '=', anyOf(groupIds))
    .orderBy('handle')
    .execute()
  const byGroup = Map.groupBy(rows, ({ group_id }) => group_id)
  const handles = (members: typeof rows) => members.map(({ handle }) => handle)
  return new Map(
    [...byGroup].map(([id, members]): [string, Members] => [
      id,
      { members: handles(members), membersFromProvider: handles(members.filter(({ given }) => given)) },
    ]),
  )
}

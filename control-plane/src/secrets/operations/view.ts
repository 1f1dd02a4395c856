import { EVERYONE_ID } from '@bir/db/schema'
import { sql } from 'kysely'
import { ApiError, notFound } from '../../base/api-error.ts'
import type { Actor } from '../../base/context.ts'
import type { Db } from '../../policy-rows/types.ts'

/** The person whose secrets are asked for. */
export interface Viewed {
  id: string
  handle: string
}

/** What of all secrets is asked for. Without a person: everything. */
export interface View {
  person?: Viewed
  /** The ids of their groups, and the servers that they hold a grant on. */
  groups?: string[]
  servers?: string[]
}

interface Asked {
  user?: string | undefined
  group?: string | undefined
}

/** Administrators see all, or what a person they name sees. Others see what is theirs or for them. */
export async function viewOf(db: Db, actor: Actor, { user, group }: Asked): Promise<View> {
  if (user === undefined && actor.administrator) return {}
  if (group !== undefined && !actor.administrator)
    throw new ApiError('forbidden', 'Only an administrator may list the secrets of a group.', { reason: 'not-administrator' })
  const query = db.selectFrom('users').select(['id', 'handle'])
  const person = await (
    user === undefined ? query.where('id', '=', actor.userId ?? actor.id) : query.where('handle', '=', user)
  ).executeTakeFirst()
  if (!actor.administrator && person?.id !== actor.userId) throw notFound('person', user ?? actor.label)
  if (!person) throw notFound('person', user ?? actor.label)
  return { person, ...(await reachOf(db, person.id)) }
}

/** Their groups, and the servers that they hold a grant on, expired ones too. */
export async function reachOf(db: Db, userId: string): Promise<{ groups: string[]; servers: string[] }> {
  const memberships = await db.selectFrom('memberships').select('group_id').where('user_id', '=', userId).execute()
  const groups = memberships.map(({ group_id }) => group_id)
  const grants = await db
    .selectFrom('grants')
    .select('server')
    .distinct()
    .where('holder_id', '=', sql<string>`any(${[userId, EVERYONE_ID, ...groups]}::uuid[])`)
    .execute()
  return { groups, servers: grants.map(({ server }) => server) }
}

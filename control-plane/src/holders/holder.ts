import { EVERYONE_ID } from '@bir/db/schema'
import type { HolderKind } from '@bir/db/schema'
import { ApiError, notFound } from '../base/api-error.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'

/** The holder of a grant or a restriction, as rows name it. */
export interface Holder {
  kind: HolderKind
  holderId: string
}

/** A holder as people name it: exactly one of the four fields is set. */
export interface HolderName {
  user?: string | undefined
  service?: string | undefined
  group?: string | undefined
  everyone?: true | undefined
}

export const EVERYONE: Holder = { kind: 'everyone', holderId: EVERYONE_ID }

/** Service accounts hold what they hold as people do. */
export async function resolveHolder(db: Db, { user, service, group }: HolderName): Promise<Holder> {
  if (user !== undefined) return { kind: 'user', holderId: await userId(db, user) }
  if (service !== undefined) return { kind: 'user', holderId: await serviceId(db, service) }
  if (group !== undefined) return { kind: 'group', holderId: await groupId(db, group) }
  return EVERYONE
}

/** A service account is no person, so that nobody grants to a program by mistake. */
export async function userId(db: Db, handle: string): Promise<string> {
  const row = await principal(db, handle)
  if (!row) throw notFound('person', handle)
  if (row.kind === 'service') throw new ApiError('invalid_input', `${isServiceText(handle)}.`)
  return row.id
}

export async function serviceId(db: Db, handle: string): Promise<string> {
  const row = await principal(db, handle)
  if (!row) throw notFound('service account', handle)
  if (row.kind === 'person') throw new ApiError('invalid_input', `${isPersonText(handle)}.`)
  return row.id
}

const principal = (db: Db, handle: string) => db.selectFrom('users').select(['id', 'kind']).where('handle', '=', handle).executeTakeFirst()

export const isServiceText = (handle: string) => `${handle} is a service account: name it as service: ${handle}`
export const isNoMemberText = (handle: string) => `${handle} is a service account, and groups are of people: grant to service: ${handle}`
export const isPersonText = (handle: string) => `${handle} is a person: name them as user: ${handle}`

export async function groupId(db: Db, handle: string): Promise<string> {
  const row = await db.selectFrom('groups').select('id').where('handle', '=', handle).executeTakeFirst()
  if (!row) throw notFound('group', handle)
  return row.id
}

export async function requireServer(db: Db, id: string): Promise<string> {
  const row = await db.selectFrom('servers').select('id').where('id', '=', id).executeTakeFirst()
  if (!row) throw notFound('server', id)
  return row.id
}

/** Looks up the names of the holders of these rows. Resolves with a function from a row to the name of its holder. */
export async function holderNames(db: Db, rows: readonly Holder[]): Promise<(row: Holder) => HolderName> {
  const ids = (kind: HolderKind) => rows.filter((row) => row.kind === kind).map(({ holderId }) => holderId)
  const users = await db
    .selectFrom('users')
    .select(['id', 'handle', 'kind'])
    .where('id', '=', anyOf(ids('user')))
    .execute()
  const groups = await db
    .selectFrom('groups')
    .select(['id', 'handle'])
    .where('id', '=', anyOf(ids('group')))
    .execute()
  return holderNamer(new Map([...users, ...groups].map(({ id, handle }) => [id, handle])), servicesAmong(users))
}

/** The ids of those who are service accounts. */
export const servicesAmong = (users: readonly { id: string; kind: 'person' | 'service' }[]): ReadonlySet<string> =>
  new Set(users.filter(({ kind }) => kind === 'service').map(({ id }) => id))

export const holderNamer =
  (handles: ReadonlyMap<string, string>, services: ReadonlySet<string>) =>
  ({ kind, holderId }: Holder): HolderName => {
    if (kind === 'everyone') return { everyone: true }
    return { [services.has(holderId) ? 'service' : kind]: handles.get(holderId) ?? holderId }
  }

/** A holder as sentences name it, such as `group analysts`. */
export function describeHolder({ user, service, group }: HolderName): string {
  if (user !== undefined) return `user ${user}`
  if (service !== undefined) return `service ${service}`
  return group === undefined ? 'everyone' : `group ${group}`
}

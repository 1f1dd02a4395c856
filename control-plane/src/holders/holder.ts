import { EVERYONE_ID } from '@bir/db/schema'
import type { HolderKind } from '@bir/db/schema'
import { notFound } from '../base/api-error.ts'
import { anyOf } from '../policy-rows/read.ts'
import type { Db } from '../policy-rows/types.ts'

/** The holder of a grant or a restriction, as rows name it. */
export interface Holder {
  kind: HolderKind
  holderId: string
}

/** A holder as people name it: exactly one of the three fields is set. */
export interface HolderName {
  user?: string | undefined
  group?: string | undefined
  everyone?: true | undefined
}

export const EVERYONE: Holder = { kind: 'everyone', holderId: EVERYONE_ID }

export async function resolveHolder(db: Db, { user, group }: HolderName): Promise<Holder> {
  if (user !== undefined) return { kind: 'user', holderId: await userId(db, user) }
  if (group !== undefined) return { kind: 'group', holderId: await groupId(db, group) }
  return EVERYONE
}

export async function userId(db: Db, handle: string): Promise<string> {
  const row = await db.selectFrom('users').select('id').where('handle', '=', handle).executeTakeFirst()
  if (!row) throw notFound('person', handle)
  return row.id
}

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
    .select(['id', 'handle'])
    .where('id', '=', anyOf(ids('user')))
    .execute()
  const groups = await db
    .selectFrom('groups')
    .select(['id', 'handle'])
    .where('id', '=', anyOf(ids('group')))
    .execute()
  return holderNamer(new Map([...users, ...groups].map(({ id, handle }) => [id, handle])))
}

export const holderNamer =
  (handles: ReadonlyMap<string, string>) =>
  ({ kind, holderId }: Holder): HolderName => {
    if (kind === 'everyone') return { everyone: true }
    return { [kind]: handles.get(holderId) ?? holderId }
  }

/** A holder as sentences name it, such as `group analysts`. */
export function describeHolder({ user, group }: HolderName): string {
  if (user !== undefined) return `user ${user}`
  return group === undefined ? 'everyone' : `group ${group}`
}

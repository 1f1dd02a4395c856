import { SHARED_ID } from '@bir/db/schema'
import type { SecretHolderName } from '@bir/sdk/contract/secret-entities'
import type { SecretHolderKind } from '@bir/sdk/contract/secret-holder'
import { ApiError, notFound } from '../../base/api-error.ts'
import type { Actor } from '../../base/context.ts'
import { groupId } from '../../holders/holder.ts'
import { holdsOn } from '../../holders/holds-on.ts'
import { anyOf } from '../../policy-rows/read.ts'
import type { Db } from '../../policy-rows/types.ts'

/** A person, a group, or all: whose secret it is. */
export interface NamedHolder {
  kind: SecretHolderKind
  /** SHARED_ID for all. */
  holderId: string
  handle: string | null
}

interface GivenHolder {
  user?: string | undefined
  group?: string | undefined
  shared?: boolean | undefined
}

/** Whose secret the input means. The caller's own where it names nobody; those of others are for administrators. */
export async function holderOf(db: Db, actor: Actor, { user, group, shared = false }: GivenHolder): Promise<NamedHolder> {
  if ([user !== undefined, group !== undefined, shared].filter(Boolean).length > 1)
    throw new ApiError('invalid_input', 'Name one of user, group and shared, or none for your own secret.')
  if (user !== undefined || (group === undefined && !shared)) return personOf(db, actor, user)
  refuseOthers(actor)
  if (group !== undefined) return { kind: 'group', holderId: await groupId(db, group), handle: group }
  return { kind: 'shared', holderId: SHARED_ID, handle: null }
}

async function personOf(db: Db, actor: Actor, user: string | undefined): Promise<NamedHolder> {
  if (user === undefined && actor.userId === undefined) throw new ApiError('invalid_input', 'user: name the person whose secret it is.')
  const query = db.selectFrom('users').select(['id', 'handle'])
  const row = await (user === undefined ? query.where('id', '=', actor.userId ?? '') : query.where('handle', '=', user)).executeTakeFirst()
  if (row === undefined || row.id !== actor.userId) refuseOthers(actor)
  if (!row) throw notFound('person', user ?? actor.label)
  return { kind: 'person', holderId: row.id, handle: row.handle }
}

function refuseOthers({ administrator }: Actor): void {
  if (administrator) return
  throw new ApiError('forbidden', 'Only an administrator may do this with a secret that is not your own.', { reason: 'not-administrator' })
}

/** Only who holds something on a server, or administers, may learn that it exists. */
export async function refuseUnknownServer(db: Db, actor: Actor, server: string): Promise<void> {
  if (actor.administrator || (actor.userId !== undefined && (await holdsOn(db, actor.userId, server)))) return
  throw notFound('server', server)
}

export const describeSecretHolder = ({ kind, handle }: Pick<NamedHolder, 'kind' | 'handle'>): string =>
  kind === 'shared' ? 'all' : `${kind} ${handle}`

/** Names the holders of rows. */
export async function secretHolderNames(db: Db, rows: readonly { holder_kind: SecretHolderKind; holder_id: string }[]) {
  const ids = (kind: SecretHolderKind) => [
    ...new Set(rows.flatMap(({ holder_kind, holder_id }) => (holder_kind === kind ? [holder_id] : []))),
  ]
  const [people, groups] = [ids('person'), ids('group')]
  const named = [
    ...(people.length > 0 ? await db.selectFrom('users').select(['id', 'handle']).where('id', '=', anyOf(people)).execute() : []),
    ...(groups.length > 0 ? await db.selectFrom('groups').select(['id', 'handle']).where('id', '=', anyOf(groups)).execute() : []),
  ]
  const handles = new Map(named.map(({ id, handle }) => [id, handle]))
  return ({ holder_kind: kind, holder_id }: (typeof rows)[number]): SecretHolderName => ({ kind, handle: handles.get(holder_id) ?? null })
}

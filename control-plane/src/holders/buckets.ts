import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { anyOf } from '../policy-rows/read.ts'
import type { Holder } from './holder.ts'

/*
 * A person's class depends on which of their holders have any grant or restriction, and which groups have a secret, not
 * on what these say. So a bucket becomes dirty only when a holder gets its first one or loses its last one.
 */

/** Whether this holder has any grant or restriction, or is a group with a secret. */
export async function holdsSomething(trx: Transaction<Database>, { holderId }: Holder): Promise<boolean> {
  const { rows } = await sql<{ some: boolean }>`
    select exists (select from grants where holder_id = ${holderId})
        or exists (select from restrictions where holder_id = ${holderId})
        or exists (select from secrets where holder_id = ${holderId} and holder_kind = 'group') as some`.execute(trx)
  return rows[0]?.some === true
}

/** All holders that have a grant or a restriction, and groups that have a secret. */
export async function activeHolders(trx: Transaction<Database>): Promise<Set<string>> {
  const { rows } = await sql<{ holder_id: string }>`
    select holder_id from grants union select holder_id from restrictions
    union select holder_id from secrets where holder_kind = 'group'`.execute(trx)
  return new Set(rows.map(({ holder_id }) => holder_id))
}

/**
 * The buckets of the people whose class changes when these holders get their first or lose their last grant,
 * restriction or secret. The holder `everyone` is in no class, so it changes none.
 */
export async function bucketsOfHolders(trx: Transaction<Database>, holderIds: readonly string[]): Promise<number[]> {
  if (holderIds.length === 0) return []
  const { rows } = await sql<{ bucket: number }>`
    select bucket from users where id = ${anyOf(holderIds)}
    union
    select bucket from memberships join users on id = user_id where group_id = ${anyOf(holderIds)}`.execute(trx)
  return rows.map(({ bucket }) => bucket)
}

export const bucketsOfUsers = async (trx: Transaction<Database>, userIds: readonly string[]): Promise<number[]> => {
  const rows = await trx.selectFrom('users').select('bucket').distinct().where('id', '=', anyOf(userIds)).execute()
  return rows.map(({ bucket }) => bucket)
}

/** The ids that are in only one of the two sets. */
export const symmetricDifference = (first: ReadonlySet<string>, second: ReadonlySet<string>): string[] => [
  ...[...first].filter((id) => !second.has(id)),
  ...[...second].filter((id) => !first.has(id)),
]

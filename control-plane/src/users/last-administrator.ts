import type { Database } from '@bir/db/schema'
import type { Selectable, Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Db } from '../policy-rows/types.ts'

type UserRow = Pick<Selectable<Database['users']>, 'id' | 'handle' | 'administrator' | 'disabled' | 'kind'>

/**
 * Refuses to take the role from the last administrator who is not disabled: nobody could give it back. Service accounts
 * do not count: a program may be all that has their secret. Call it inside a
 * change: changes run one at a time, so two administrators cannot disable each other at once.
 */
export async function refuseLastAdministrator(trx: Transaction<Database>, user: UserRow, words: string): Promise<void> {
  if (!(await isLastAdministrator(trx, user))) return
  throw new ApiError('conflict', `${user.handle} is the last administrator and ${words}: make another person administrator first.`)
}

export async function isLastAdministrator(db: Db, { id, administrator, disabled, kind }: UserRow): Promise<boolean> {
  if (!administrator || disabled || kind === 'service') return false
  const other = await db
    .selectFrom('users')
    .select('id')
    .where('administrator', '=', true)
    .where('disabled', '=', false)
    .where('kind', '=', 'person')
    .where('id', '!=', id)
    .limit(1)
    .executeTakeFirst()
  return other === undefined
}

import type { Database } from '@bir/db/schema'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Selectable, Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Db } from '../policy-rows/types.ts'
import { SERVICE_PROVIDER } from '../users/service-provider.ts'

export type AccountRow = Selectable<Database['users']>

export interface AccountFields {
  title: string | null
  administrator: boolean
}

/** The account with this handle; undefined when nobody has it. Refuses the handle of a person. */
export async function findAccount(db: Db, handle: string): Promise<AccountRow | undefined> {
  const row = await db.selectFrom('users').selectAll().where('handle', '=', handle).executeTakeFirst()
  if (row?.kind === 'person') throw new ApiError('conflict', `The handle ${handle} is that of a person: handles never change hands.`)
  return row
}

/** Makes an account. `id` is given where a plan named it before. */
export const insertAccount = (
  trx: Transaction<Database>,
  { id = uuidv7(), handle, title, administrator }: AccountFields & { id?: string; handle: string },
): Promise<AccountRow> =>
  trx
    .insertInto('users')
    .values({ id, handle, kind: 'service', provider: SERVICE_PROVIDER, subject: handle, name: title, email: null, administrator })
    .returningAll()
    .executeTakeFirstOrThrow()

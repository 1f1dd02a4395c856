import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import { DAY_MS } from '../keys/rotation.ts'
import type { UserRow } from '../users/users.ts'

/** Good ones of one person at the same time. */
const maxGood = 50
/**
 * How many are made of one person in 24 hours, by whomever. Those that were revoked since count too: each stays a row,
 * two records and two revisions of the policy.
 */
const maxMadeADay = 50

/**
 * Refuses one token too many of a person. Call it in the transaction of the change: changes run one at a time, so no
 * two at once pass it together, on whatever replica.
 */
export async function refuseTooMany(trx: Transaction<Database>, { id, handle }: UserRow, nowMs: number): Promise<void> {
  const lastMade = await trx
    .selectFrom('personal_tokens')
    .select('made_at')
    .where('user_id', '=', id)
    .where('made_at', '>', new Date(nowMs - DAY_MS))
    .orderBy('made_at', 'desc')
    .limit(maxMadeADay)
    .execute()
  const oldest = lastMade[maxMadeADay - 1]
  if (oldest) throw tooManyMade(handle, new Date(oldest.made_at.getTime() + DAY_MS))

  const { count } = await trx
    .selectFrom('personal_tokens')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('user_id', '=', id)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', new Date(nowMs))
    .executeTakeFirstOrThrow()
  if (Number(count) < maxGood) return
  throw new ApiError('conflict', `${handle} has ${maxGood} personal access tokens, which is the most: revoke one first.`)
}

const tooManyMade = (handle: string, againAt: Date) =>
  new ApiError(
    'conflict',
    `${maxMadeADay} personal access tokens of ${handle} were made in 24 hours, which is the most; revoked ones count. Try again after ${againAt.toISOString()}.`,
  )

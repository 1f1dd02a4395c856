import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { bucketsOfHolders, bucketsOfUsers } from '../../holders/buckets.ts'
import type { RowPlace } from './rows.ts'

/**
 * The buckets that change with these secrets: those of the people who have them. A group's first secret, and its last,
 * changes the class of its members; `appears` says that a secret comes or goes.
 */
export async function bucketsOfSecrets(
  trx: Transaction<Database>,
  places: readonly RowPlace[],
  { appears }: { appears: boolean },
): Promise<number[]> {
  const ids = (kind: RowPlace['kind']) => [...new Set(places.flatMap((place) => (place.kind === kind ? [place.holderId] : [])))]
  const people = ids('person')
  const groups = appears ? ids('group') : []
  return [...(people.length > 0 ? await bucketsOfUsers(trx, people) : []), ...(await bucketsOfHolders(trx, groups))]
}

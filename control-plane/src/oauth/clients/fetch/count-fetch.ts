import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { Refusal } from '../../../base/http.ts'
import { countAttempt, sourceOf, tooOften } from '../../attempts/attempts.ts'

/**
 * Documents unknown here that one address may have fetched in a minute. Fewer than one host is asked for: nobody alone
 * makes a host be asked no more.
 */
const perAddress = 20

/** Somebody made this process fetch too much. It holds up nobody else. */
export class AddressLimited extends Refusal {
  readonly source: string

  constructor(source: string, retryAfterS: number) {
    const { status, error, message, facts, headers } = tooOften('Too many clients unknown here were named from this address.', retryAfterS)
    super(status, error, message, facts, headers)
    this.source = source
  }
}

/** Counts a document that an address makes this process fetch, over all replicas. Throws `AddressLimited`. */
export async function countFetch(db: Kysely<Database>, address: string): Promise<void> {
  const source = sourceOf(address)
  const { count, retryAfterS } = await countAttempt(db, `client document: from ${source}`)
  if (count > perAddress) throw new AddressLimited(source, retryAfterS)
}

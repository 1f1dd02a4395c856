import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { countAttempt, sourceOf } from '../attempts/attempts.ts'

/** Codes that one person, and one browser, may look up in a minute. */
const perPerson = 5
/** Many people may share an address, such as that of an office. */
const perAddress = 60
/** Codes that devices at one address may ask for in a minute: each is a row. */
const askedPerAddress = 30

/**
 * Counts a code that a person looks up, before it is looked up. Resolves with the seconds to wait if they looked up too
 * many. Right ones count too: so no number of guesses at once gets past the limit. Of 20^8 codes, a person tries 7,200
 * a day.
 */
export async function countLookUp(
  db: Kysely<Database>,
  { userId, browserHash, address }: { userId: string; browserHash: string; address: string },
): Promise<number | undefined> {
  const counted = await Promise.all([
    countAttempt(db, `device code: person ${userId}`),
    countAttempt(db, `device code: browser ${browserHash}`),
    countAttempt(db, `device code: from ${sourceOf(address)}`),
  ])
  const [person, browser, source] = counted
  const isTooMany = person.count > perPerson || browser.count > perPerson || source.count > perAddress
  return isTooMany ? Math.max(1, person.retryAfterS) : undefined
}

/** Counts a code that a device asks for. Resolves with the seconds to wait if its address asked for too many. */
export async function countAsked(db: Kysely<Database>, address: string): Promise<number | undefined> {
  const { count, retryAfterS } = await countAttempt(db, `device code: asked from ${sourceOf(address)}`)
  return count > askedPerAddress ? retryAfterS : undefined
}

import type { Database } from '@bir/db/schema'
import { networkOf } from '@bir/sdk/network'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { Refusal } from '../../base/http.ts'

const windowMs = 60_000

export interface Attempts {
  /** In this minute, with the present one. */
  count: number
  /** Until the next minute begins: 1 to 60. */
  retryAfterS: number
}

interface Counted extends Attempts {
  /** When the minute began. */
  minute: Date
}

/** Counts an attempt in the present minute, over all replicas, by the clock of the database. */
export async function countAttempt(db: Kysely<Database>, key: string): Promise<Counted> {
  const { rows } = await sql<Counted>`
    insert into attempt_counts as counts (key, window_start, count) values (${key}, date_trunc('minute', now()), 1)
    on conflict (key, window_start) do update set count = counts.count + 1
    returning count, window_start as minute, ${secondsLeft} as "retryAfterS"`.execute(db)
  return rows[0] ?? { count: 1, minute: new Date(), retryAfterS: windowMs / 1000 }
}

/** The attempts of the present minute, without counting one. */
export async function readAttempts(db: Kysely<Database>, key: string): Promise<Attempts> {
  const { rows } = await sql<Attempts>`
    select coalesce(sum(count), 0)::int as count, ${secondsLeft} as "retryAfterS" from attempt_counts
    where key = ${key} and window_start = date_trunc('minute', now())`.execute(db)
  return rows[0] ?? { count: 0, retryAfterS: windowMs / 1000 }
}

const secondsLeft = sql`ceil(extract(epoch from date_trunc('minute', now()) + interval '1 minute' - now()))::int`

/** Deletes the counts of earlier minutes. */
export async function sweepAttempts(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('attempt_counts')
    .where('window_start', '<', sql<Date>`now() - interval '1 hour'`)
    .execute()
}

/** Whom an attempt counts for: the address, or the /64 of IPv6, which one host has to itself (RFC 6177). */
export const sourceOf = (address: string): string => networkOf(address, { ipv4: 32, ipv6: 64 }) ?? 'unknown'

/** The answer to one attempt too many: 429, with when to try again. */
export const tooOften = (what: string, retryAfterS: number): Refusal =>
  new Refusal(429, 'slow_down', `${what} Try again in ${retryAfterS} s.`, {}, { 'retry-after': String(retryAfterS) })

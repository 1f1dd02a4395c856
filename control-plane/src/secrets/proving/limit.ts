import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '@bir/db/schema'
import type { VerdictWord } from '@bir/sdk/contract/secret-verdict'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { ApiError } from '../../base/api-error.ts'
import { countAttempt, readAttempts } from '../../oauth/attempts/attempts.ts'

/** The verdicts by which somebody could find out whether a secret is good that they do not have. */
const guesses: ReadonlySet<VerdictWord> = new Set(['invalid', 'expired', 'wrong_kind', 'wrong_person', 'insufficient_scope'])
const triesAMinute = 5
const lookEveryMs = 50
const maxLooks = 600

/**
 * Runs the trial of a secret for somebody who has tries left: five of theirs may be refused in a minute, over all
 * replicas. Trials at the same moment count until it is known what they come to.
 */
export async function withinTries<T extends { verdict: { verdict: VerdictWord } } | undefined>(
  db: Kysely<Database>,
  who: string,
  trial: () => Promise<T>,
): Promise<T> {
  const keys = { begun: `secret-tries:${who}`, refused: `secret-refused:${who}` }
  await begin(db, keys)
  let isGuess = false
  try {
    const result = await trial()
    isGuess = result !== undefined && guesses.has(result.verdict.verdict)
    return result
  } finally {
    if (isGuess) await countAttempt(db, keys.refused)
    else await giveBack(db, keys.begun)
  }
}

async function begin(db: Kysely<Database>, keys: { begun: string; refused: string }): Promise<void> {
  for (let look = 0; ; look++) {
    const { count, retryAfterS } = await countAttempt(db, keys.begun)
    if (count <= triesAMinute) return
    await giveBack(db, keys.begun)
    const refused = await readAttempts(db, keys.refused)
    if (refused.count >= triesAMinute || look === maxLooks)
      throw new ApiError('conflict', `Too many tries: try again in ${retryAfterS} seconds.`)
    // Others of theirs are under way, and may come to nothing.
    await wait(lookEveryMs)
  }
}

async function giveBack(db: Kysely<Database>, key: string): Promise<void> {
  await sql`update attempt_counts set count = greatest(count - 1, 0)
    where key = ${key} and window_start = date_trunc('minute', now())`.execute(db)
}

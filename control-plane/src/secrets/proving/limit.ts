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
/**
 * How long a trial waits for others of the same person, from look to look: half a minute in all. The pauses grow,
 * because each look is a question to the database, and one person may send many trials at once.
 */
export const pausesMs = Array.from({ length: 35 }, (_, look) => Math.min(1_000, 50 * 2 ** look))

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
  const minute = await begin(db, keys)
  let isGuess = false
  try {
    const result = await trial()
    isGuess = result !== undefined && guesses.has(result.verdict.verdict)
    return result
  } finally {
    if (isGuess) await countAttempt(db, keys.refused)
    else await giveBack(db, keys.begun, minute)
  }
}

/** Resolves with the minute in which the trial counts. */
async function begin(db: Kysely<Database>, keys: { begun: string; refused: string }): Promise<Date> {
  for (let look = 0; ; look++) {
    const { count, minute, retryAfterS } = await countAttempt(db, keys.begun)
    if (count <= triesAMinute) return minute
    await giveBack(db, keys.begun, minute)
    const refused = await readAttempts(db, keys.refused)
    const pauseMs = pausesMs[look]
    if (refused.count >= triesAMinute || pauseMs === undefined)
      throw new ApiError('conflict', `Too many tries: try again in ${retryAfterS} seconds.`)
    // Others of theirs are under way, and may come to nothing.
    await wait(pauseMs)
  }
}

/** In the minute in which it was counted: who gave it back in a later one would have a try more there. */
async function giveBack(db: Kysely<Database>, key: string, minute: Date): Promise<void> {
  await sql`update attempt_counts set count = greatest(count - 1, 0) where key = ${key} and window_start = ${minute}`.execute(db)
}

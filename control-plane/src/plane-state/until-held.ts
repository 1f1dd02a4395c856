import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '@bir/db/schema'
import { PLANE_AWAY_AFTER_MS } from '@bir/sdk/contract/internal'
import type { Kysely } from 'kysely'

/** A plane acknowledges a revision within tens of milliseconds. One that does not is not waited for. */
const usualMaxMs = 1_000
const [shortestMs, longestMs] = [5, 80]

/**
 * Resolves once every plane that was heard of lately has said that it enforces the revision, or a later one, to
 * whichever replica; and after `maxMs` in any case. What is given to somebody who uses it at once waits for this.
 */
export async function untilHeld(db: Kysely<Database>, revision: number, maxMs: number = usualMaxMs): Promise<void> {
  const endMs = performance.now() + maxMs
  for (let waitMs = shortestMs; await isAwaited(db, revision); waitMs = Math.min(longestMs, waitMs * 2)) {
    const leftMs = endMs - performance.now()
    if (leftMs <= 0) return
    await sleep(Math.min(waitMs, leftMs))
  }
}

/** Whether a plane that is there has neither taken this revision yet, nor refused it. */
async function isAwaited(db: Kysely<Database>, revision: number): Promise<boolean> {
  const heardAfter = new Date(Date.now() - PLANE_AWAY_AFTER_MS)
  const behind = await db
    .selectFrom('planes')
    .select('id')
    .where('expelled_at', 'is', null)
    .where('audit_ended', '=', false)
    .where(({ fn }) => fn.coalesce('seen_at', 'joined_at'), '>', heardAfter)
    .where((eb) => eb.or([eb('revision', 'is', null), eb('revision', '<', String(revision))]))
    .where((eb) => eb.or([eb('rejected_revision', 'is', null), eb('rejected_revision', '<', String(revision))]))
    .limit(1)
    .executeTakeFirst()
  return behind !== undefined
}

import type { Database } from '@bir/db/schema'
import { listen } from '@bir/db/listen'
import type { Kysely } from 'kysely'
import { errorText } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import { REVISION_CHANNEL } from './publish.ts'

/** The newest revision that this process knows. */
export interface Current {
  revision: number
  manifest: string
  /** The time of the last query that found no newer revision. Planes count the freshness of their policy from it. */
  confirmedAtMs: number
}

/** Knows the newest revision, whichever replica published it. */
export interface RevisionWatch {
  current: () => Current | undefined
  /** Asks the database now. */
  check: () => Promise<void>
  /** Resolves as soon as there is a newer revision, or when the signal is aborted. */
  newerThan: (revision: number, signal: AbortSignal) => Promise<void>
  stop: () => Promise<void>
}

const pollMs = 1_000

/** Learns of new revisions by Postgres notices. It also polls, because a notice may get lost. */
export function watchRevisions(db: Kysely<Database>, databaseUrl: string, log: Log): RevisionWatch {
  const waiters = new Set<() => void>()
  let current: Current | undefined
  let isFailing = false

  async function update(): Promise<void> {
    const atMs = Date.now()
    const row = await newestRevision(db, current?.revision ?? 0)
    const newest = Number(row?.revision ?? 0)
    // No row, although a revision is known: the database was restored from a backup, and confirms nothing.
    if (current && newest === current.revision) current.confirmedAtMs = Math.max(current.confirmedAtMs, atMs)
    if (!row || newest <= (current?.revision ?? 0)) return

    current = { revision: newest, manifest: row.manifest, confirmedAtMs: atMs }
    for (const wake of waiters) wake()
  }

  async function check(): Promise<void> {
    try {
      await update()
      isFailing = false
    } catch (error) {
      if (!isFailing) log('warn', 'revision-unknown', { why: errorText(error) })
      isFailing = true
    }
  }

  const listening = listen(databaseUrl, REVISION_CHANNEL, {
    onNotice: () => void check(),
    onConnected: () => void check(),
    onLost: (error) => log('warn', 'notices-lost', { why: errorText(error) }),
  })
  const poll = setInterval(() => void check(), pollMs)

  return {
    current: () => current,
    check,
    newerThan: (revision, signal) => waitUntil(() => (current?.revision ?? 0) > revision, waiters, signal),
    async stop() {
      clearInterval(poll)
      await listening.stop()
    },
  }
}

const newestRevision = (db: Kysely<Database>, atLeast: number) =>
  db
    .selectFrom('revisions')
    .select(['revision', 'manifest'])
    .where('revision', '>=', atLeast)
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()

/**
 * Resolves when the condition holds or the signal is aborted. Whoever makes the condition true calls all `waiters`.
 */
function waitUntil(condition: () => boolean, waiters: Set<() => void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted || condition()) return Promise.resolve()
  return new Promise((resolve) => {
    const wake = () => {
      if (!signal.aborted && !condition()) return
      waiters.delete(wake)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    waiters.add(wake)
    signal.addEventListener('abort', wake)
  })
}

import type { Database } from '@bir/db/schema'
import { listen } from '@bir/db/listen'
import type { Kysely } from 'kysely'
import { wordsOf } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import { REVISION_CHANNEL } from './publish.ts'

export interface Current {
  revision: number
  manifest: string
  /** When the database last said that nothing is newer: what freshness is counted from. */
  confirmedAtMs: number
}

/** Knows the newest revision, whichever replica published it. */
export interface RevisionWatch {
  current: () => Current | undefined
  /** Looks now. */
  check: () => Promise<void>
  /** Resolves as soon as there is something newer, or with the signal. */
  newerThan: (revision: number, signal: AbortSignal) => Promise<void>
  stop: () => Promise<void>
}

const pollMs = 1_000

/** A notice wakes it; the poll is for notices that got lost. */
export function watchRevisions(db: Kysely<Database>, databaseUrl: string, log: Log): RevisionWatch {
  const waiters = new Set<() => void>()
  let current: Current | undefined
  let failing = false

  async function look(): Promise<void> {
    const atMs = Date.now()
    const known = current?.revision ?? 0
    const row = await db
      .selectFrom('revisions')
      .select(['revision', 'manifest'])
      .where('revision', '>=', known)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst()
    const newest = Number(row?.revision ?? 0)
    // None at all, where one was known: the database was set back, and confirms nothing.
    if (current && newest === current.revision) current.confirmedAtMs = Math.max(current.confirmedAtMs, atMs)
    if (!row || newest <= (current?.revision ?? 0)) return

    current = { revision: newest, manifest: row.manifest, confirmedAtMs: atMs }
    for (const wake of waiters) wake()
  }

  async function check(): Promise<void> {
    try {
      await look()
      failing = false
    } catch (error) {
      if (!failing) log('warn', 'revision-unknown', { why: wordsOf(error) })
      failing = true
    }
  }

  const listening = listen(databaseUrl, REVISION_CHANNEL, {
    onNotice: () => void check(),
    onConnected: () => void check(),
    onLost: (error) => log('warn', 'notices-lost', { why: wordsOf(error) }),
  })
  const poll = setInterval(() => void check(), pollMs)

  return {
    current: () => current,
    check,
    newerThan: (revision, signal) =>
      new Promise((resolve) => {
        if (signal.aborted || (current?.revision ?? 0) > revision) return resolve()
        const wake = () => {
          if (!signal.aborted && (current?.revision ?? 0) <= revision) return
          waiters.delete(wake)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        waiters.add(wake)
        signal.addEventListener('abort', wake)
      }),
    async stop() {
      clearInterval(poll)
      await listening.stop()
    },
  }
}

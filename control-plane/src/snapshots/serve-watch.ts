import type { Database } from '@bir/db/schema'
import { listen } from '@bir/db/listen'
import type { Kysely } from 'kysely'
import { errorText } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import type { Published } from '../plane-state/claim.ts'
import { REVISION_CHANNEL } from './publish.ts'

/** The newest revision that this process knows. */
export interface Current extends Published {
  manifest: string
  /** The time of the last query that found no newer revision. Planes count the freshness of their policy from it. */
  confirmedAtMs: number
}

/** Knows the newest revision, whichever replica published it. */
export interface RevisionWatch {
  /** Whether the database answers, as far as the last seconds show. */
  isConnected: () => boolean
  /** Whether the database has neither answered nor refused anything for seconds. */
  isSilent: () => boolean
  current: () => Current | undefined
  /** Asks the database now. */
  check: () => Promise<void>
  /** Resolves as soon as there is a newer revision, or when the signal is aborted. */
  newerThan: (revision: number, signal: AbortSignal) => Promise<void>
  stop: () => Promise<void>
}

const pollMs = 1_000
/** A database that hangs answers nothing and refuses nothing. */
const maxSilenceMs = 10_000

interface WatchParts {
  db: Kysely<Database>
  databaseUrl: string
  /** Called while the database does not have the newest revision that this process has seen there. */
  onSetBack: (revision: number) => Promise<void>
  log: Log
}

/** Learns of new revisions by Postgres notices. It also polls, because a notice may get lost. */
export function watchRevisions({ db, databaseUrl, onSetBack, log }: WatchParts): RevisionWatch {
  const waiters = new Set<() => void>()
  let current: Current | undefined
  let isFailing = false
  let lastReadMs = performance.now()
  let lastWordMs = performance.now()

  async function update(): Promise<void> {
    const atMs = Date.now()
    const known = current
    const row = await newestRevision(db, known?.revision ?? 0)
    if (known && known !== current) return // another update was quicker
    const newest = Number(row?.revision ?? 0)
    // A database that was set back confirms nothing.
    if (known && (!row || (newest === known.revision && row.root !== known.root))) return onSetBack(known.revision)
    if (known && newest === known.revision) known.confirmedAtMs = Math.max(known.confirmedAtMs, atMs)
    if (!row || newest <= (known?.revision ?? 0)) return

    current = { revision: newest, root: row.root, history: row.history ?? undefined, manifest: row.manifest, confirmedAtMs: atMs }
    for (const wake of waiters) wake()
  }

  async function check(): Promise<void> {
    const startedMs = performance.now()
    try {
      await update()
      isFailing = false
      lastReadMs = performance.now()
      lastWordMs = lastReadMs
    } catch (error) {
      // A connection that the network gave up after minutes is no word of the database.
      if (performance.now() - startedMs < maxSilenceMs) lastWordMs = performance.now()
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
    isConnected: () => !isFailing && performance.now() - lastReadMs < maxSilenceMs,
    isSilent: () => performance.now() - lastWordMs >= maxSilenceMs,
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
    .select(['revision', 'root', 'history', 'manifest'])
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

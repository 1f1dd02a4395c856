import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import type { Publisher } from '../base/context.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import type { Log } from '../base/log.ts'
import { chunkNames, compileInto } from './publish-compile.ts'
import type { Inputs } from './publish-compile.ts'
import { newestHistory } from './history.ts'
import { markUnused } from './publish-chunks.ts'
import { rootOf, signManifest } from './publish-manifest.ts'

export const REVISION_CHANNEL = 'bir_revision'

/** The number of the Postgres advisory lock. Publishing and sweeping run one at a time, across all replicas. */
const publishLock = 0x62697203

export interface PublisherParts {
  db: Kysely<Database>
  manifestKey: SigningKey
  /** Reads from the publisher's transaction, so that no replica publishes outdated values from its memory. */
  inputs: (trx: Transaction<Database>) => Promise<Inputs>
  /** Called after a new revision is committed. */
  onPublished: (revision: number) => Promise<void>
  log: Log
}

export function createPublisher(parts: PublisherParts): Publisher {
  let running: Promise<number> | undefined
  let queued: Promise<number> | undefined

  const run = () => {
    queued = undefined
    running = publishOnce(parts).finally(() => {
      running = undefined
    })
    return running
  }

  return {
    /** Calls during a run share the next run, because the present run may have read before those callers committed. */
    publish() {
      if (!running) return run()
      queued ??= running.then(run, run)
      return queued
    },
  }
}

async function publishOnce({ db, manifestKey, inputs, onPublished, log }: PublisherParts): Promise<number> {
  const cleanRevision = await revisionIfClean(db)
  if (cleanRevision !== undefined) return cleanRevision
  const startedMs = performance.now()
  const { revision, isNew } = await withPublishLock(db, async (trx) => {
    const isChanged = await hasOwnRevision(trx)
    const replaced = await compileInto(trx, await inputs(trx))
    const chunks = await chunkNames(trx)
    const root = rootOf(chunks)
    const last = await trx.selectFrom('revisions').select(['revision', 'root']).orderBy('revision', 'desc').limit(1).executeTakeFirst()
    const history = await newestHistory(trx)
    const above = history?.above ?? 0
    const lastRevision = Number(last?.revision ?? 0)
    if (!isChanged && last?.root === root && lastRevision > above) return { revision: lastRevision, isNew: false }

    const revision = Math.max(lastRevision, above) + 1
    const atMs = Date.now()
    const manifest = await signManifest(manifestKey, { format: 1, revision, root, atMs, chunks }, history?.id)
    await trx
      .insertInto('revisions')
      .values({ revision, root, manifest, at: new Date(atMs), ...(history && { history: history.id }) })
      .execute()
    await markUnused(trx, replaced, revision)
    await sql`select pg_notify(${REVISION_CHANNEL}, ${String(revision)})`.execute(trx)
    return { revision, isNew: true }
  })
  if (isNew) log('info', 'published', { revision, tookMs: Math.round(performance.now() - startedMs) })
  if (isNew) await onPublished(revision)
  return revision
}

/**
 * The newest revision, if no change is waiting to be published: each change adds a mark, and publishing deletes it.
 */
async function revisionIfClean(db: Kysely<Database>): Promise<number | undefined> {
  const { rows } = await sql<{ revision: string | null; dirty: boolean }>`
    select (select max(revision) from revisions) as revision, exists (select from dirty) as dirty`.execute(db)
  const [row] = rows
  return row && row.revision !== null && !row.dirty ? Number(row.revision) : undefined
}

/** Somebody changed something, perhaps what no plane reads: whoever expects a revision must see that. */
async function hasOwnRevision(trx: Transaction<Database>): Promise<boolean> {
  const mark = await trx.selectFrom('dirty').select('id').where('own_revision', '=', true).limit(1).executeTakeFirst()
  return mark !== undefined
}

/**
 * Takes the lock before the transaction begins, so that the transaction sees all that the previous publisher wrote.
 */
const withPublishLock = <T>(db: Kysely<Database>, fn: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
  db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${publishLock})`.execute(connection)
    try {
      return await connection.transaction().setIsolationLevel('repeatable read').execute(fn)
    } finally {
      await sql`select pg_advisory_unlock(${publishLock})`.execute(connection)
    }
  })

/**
 * Deletes old revisions and chunks that no plane can ask for any more. Those of the last 20 revisions and those that
 * were in use during the last ten minutes stay.
 */
export async function sweepChunks(db: Kysely<Database>): Promise<number> {
  return withPublishLock(db, async (trx) => {
    const oldestToKeep = await trx
      .selectFrom('revisions')
      .select('revision')
      .where('at', '<', sql<Date>`now() - interval '10 minutes'`)
      .where('revision', '<=', sql<number>`(select max(revision) - 19 from revisions)`)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!oldestToKeep) return 0
    await trx.deleteFrom('revisions').where('revision', '<', Number(oldestToKeep.revision)).execute()
    const { numDeletedRows } = await trx.deleteFrom('chunks').where('unused_since', '<=', Number(oldestToKeep.revision)).executeTakeFirst()
    return Number(numDeletedRows)
  })
}

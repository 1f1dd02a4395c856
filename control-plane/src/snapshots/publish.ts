import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import type { Publisher } from '../base/context.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import type { Log } from '../base/log.ts'
import { chunkNames, compileInto } from './publish-compile.ts'
import type { Inputs } from './publish-compile.ts'
import { markUnused } from './publish-chunks.ts'
import { rootOf, signManifest } from './publish-manifest.ts'

export const REVISION_CHANNEL = 'bir_revision'

/** Publishers of all replicas, and whoever sweeps up after them, take turns. */
const publishLock = 0x62697203

export interface PublisherParts {
  db: Kysely<Database>
  manifestKey: SigningKey
  /** Read in the publisher's own transaction, so that no replica publishes what it remembers. */
  inputs: (trx: Transaction<Database>) => Promise<Inputs>
  /** Told of each new revision once it is committed. */
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
    /** Whoever asks while one is at work shares the next: the one at work may have read before they committed. */
    publish() {
      if (!running) return run()
      queued ??= running.then(run, run)
      return queued
    },
  }
}

async function publishOnce({ db, manifestKey, inputs, onPublished, log }: PublisherParts): Promise<number> {
  const settled = await revisionIfSettled(db)
  if (settled !== undefined) return settled
  const startedMs = performance.now()
  const { revision, fresh } = await takingTurns(db, async (trx) => {
    const left = await compileInto(trx, await inputs(trx))
    const chunks = await chunkNames(trx)
    const root = rootOf(chunks)
    const last = await trx.selectFrom('revisions').select(['revision', 'root']).orderBy('revision', 'desc').limit(1).executeTakeFirst()
    if (last?.root === root) return { revision: Number(last.revision), fresh: false }

    const revision = Number(last?.revision ?? 0) + 1
    const atMs = Date.now()
    const manifest = await signManifest(manifestKey, { format: 1, revision, root, atMs, chunks })
    await trx
      .insertInto('revisions')
      .values({ revision, root, manifest, at: new Date(atMs) })
      .execute()
    await markUnused(trx, left, revision)
    await sql`select pg_notify(${REVISION_CHANNEL}, ${String(revision)})`.execute(trx)
    return { revision, fresh: true }
  })
  if (fresh) log('info', 'published', { revision, tookMs: Math.round(performance.now() - startedMs) })
  if (fresh) await onPublished(revision)
  return revision
}

/** Every change leaves a mark, which is gone with the revision that holds it: no mark, nothing to do. */
async function revisionIfSettled(db: Kysely<Database>): Promise<number | undefined> {
  const { rows } = await sql<{ revision: string | null; dirty: boolean }>`
    select (select max(revision) from revisions) as revision, exists (select from dirty) as dirty`.execute(db)
  const [row] = rows
  return row && row.revision !== null && !row.dirty ? Number(row.revision) : undefined
}

/** The turn is taken before the transaction begins, so that what it reads is no older than its turn. */
const takingTurns = <T>(db: Kysely<Database>, fn: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
  db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${publishLock})`.execute(connection)
    try {
      return await connection.transaction().setIsolationLevel('repeatable read').execute(fn)
    } finally {
      await sql`select pg_advisory_unlock(${publishLock})`.execute(connection)
    }
  })

/** Revisions and chunks that no plane can still be asking for: gone from the last 20 revisions, and for ten minutes. */
export async function sweepChunks(db: Kysely<Database>): Promise<number> {
  return takingTurns(db, async (trx) => {
    const before = await trx
      .selectFrom('revisions')
      .select('revision')
      .where('at', '<', sql<Date>`now() - interval '10 minutes'`)
      .where('revision', '<=', sql<number>`(select max(revision) - 19 from revisions)`)
      .orderBy('revision', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!before) return 0
    await trx.deleteFrom('revisions').where('revision', '<', Number(before.revision)).execute()
    const { numDeletedRows } = await trx.deleteFrom('chunks').where('unused_since', '<=', Number(before.revision)).executeTakeFirst()
    return Number(numDeletedRows)
  })
}

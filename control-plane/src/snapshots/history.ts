import { randomUUID } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import { markDirty } from '../base/context.ts'
import type { Log } from '../base/log.ts'

/** The number of the Postgres advisory lock: histories begin one at a time, across all replicas. */
const historyLock = 0x62697204

/**
 * How many numbers are left out when a copy of the database is found in use: they stay with what was published after
 * the copy was made, in audit records and on planes of earlier versions, which know a policy by its number alone.
 */
const numbersOfTheLost = 1_000

/** How often one plane may make a new history begin, so that a broken one cannot publish without end. */
const onceInMs = 10_000

export interface History {
  id: string
  /** Its revisions have higher numbers than this one. */
  above: number
  number: number
  place: string | null
}

export async function newestHistory(db: Kysely<Database>): Promise<History | undefined> {
  const row = await db
    .selectFrom('histories')
    .select(['id', 'above', 'number', 'place'])
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { ...row, above: Number(row.above) }
}

/**
 * Begins the first history, or another when this database is a copy of the one that was in use: what it says about its
 * planes is then as old as the copy.
 */
export async function openHistory(db: Kysely<Database>, log: Log): Promise<void> {
  const place = await placeOf(db)
  await locked(db, async (trx) => {
    const last = await newestHistory(trx)
    if (last?.place === place) return
    const newest = await newestNumber(trx)
    if (!last) return insert(trx, undefined, { above: 0, place, why: 'first' })
    await insert(trx, last, { above: Math.max(newest, last.above) + numbersOfTheLost, place, why: 'another database' })
    log('warn', 'database-was-replaced', {
      revision: newest,
      why: 'This database is not the one that was used before: a backup was restored, or a standby took over. The policy is published under a higher number.',
    })
  })
}

/** Whatever shows that a higher revision, or another one of the same number, was published than this database has. */
export interface Evidence {
  revision: number
  why: 'a plane has more' | 'this process has seen more'
  plane?: string
}

/**
 * Begins a history whose revisions have higher numbers than this one, unless one has begun. Whoever calls it publishes
 * then. Resolves with false when this plane made one begin just now.
 */
export function beginHistory(db: Kysely<Database>, { revision, why, plane }: Evidence, log: Log): Promise<boolean> {
  return locked(db, async (trx) => {
    const last = await newestHistory(trx)
    const newest = await newestNumber(trx)
    if (newest > revision || (last?.above ?? 0) >= revision) return true
    if (plane !== undefined && (await beganJustNow(trx, plane))) return false
    await insert(trx, last, { above: revision, place: last?.place ?? null, why, ...(plane !== undefined && { plane }) })
    log('error', 'database-was-set-back', { revision: newest, published: revision, why, plane })
    return true
  })
}

const locked = <T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
  db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${historyLock})`.execute(trx)
    return work(trx)
  })

interface NewHistory {
  above: number
  place: string | null
  why: string
  plane?: string
}

async function insert(trx: Transaction<Database>, last: History | undefined, values: NewHistory): Promise<void> {
  await trx
    .insertInto('histories')
    .values({ number: (last?.number ?? 0) + 1, id: randomUUID(), plane: null, ...values })
    .execute()
  await markDirty(trx, [])
}

async function newestNumber(trx: Transaction<Database>): Promise<number> {
  const row = await trx
    .selectFrom('revisions')
    .select(({ fn }) => fn.max('revision').as('newest'))
    .executeTakeFirst()
  return Number(row?.newest ?? 0)
}

async function beganJustNow(trx: Transaction<Database>, plane: string): Promise<boolean> {
  const since = new Date(Date.now() - onceInMs)
  return (
    (await trx.selectFrom('histories').select('id').where('plane', '=', plane).where('began_at', '>', since).executeTakeFirst()) !==
    undefined
  )
}

/**
 * Another text in a database that pg_restore filled (other objects), in one of another cluster, and after a standby
 * took over or a recovery ended (another timeline).
 */
async function placeOf(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ place: string }>`
    select (select oid from pg_database where datname = current_database())::text || '/' || 'revisions'::regclass::oid::text as place`.execute(
    db,
  )
  const parts = await Promise.all([
    sql<{ value: string }>`select system_identifier::text as value from pg_control_system()`.execute(db).catch(() => undefined),
    sql<{ value: string }>`select left(pg_walfile_name(pg_current_wal_lsn()), 8) as value`.execute(db).catch(() => undefined),
  ])
  return [rows[0]?.place, ...parts.map((part) => part?.rows[0]?.value ?? '-')].join('/')
}

import type { Database } from '@bir/db'
import type { ChainHead } from '@bir/sdk/chain'
import type { AuditHeader, AuditRecord, SetApart } from '@bir/sdk/contract/audit'
import { CompiledQuery, sql } from 'kysely'
import type { Transaction } from 'kysely'
import { bigintArray, timestamptzArray, textArray } from './columns.ts'

const dayMs = 24 * 60 * 60_000
const maxAgeMs = 31 * dayMs
const partitionLock = 0x62697204

/** A record with the canonical text of its header. This text is stored, because the hash covers its bytes. */
export interface RecordToStore extends AuditRecord {
  text: string
  /** Set when this stands in for a record that was set apart. `header` and `text` are then its own. */
  standIn?: SetApart
}

/** The header fields with their own column, so that a search can filter by them. They are $10 to $17 of `APPEND`. */
export const searchColumns = ['kind', 'subject', 'handle', 'server', 'tool', 'outcome', 'reason', 'call'] as const
export type SearchColumn = (typeof searchColumns)[number]

/**
 * Moves the head of a chain and stores the records in between. If the head is not the expected one, it stores nothing
 * and returns no row. Each column is one array, so the statement is the same for any number of records.
 */
export const APPEND = {
  name: 'audit-append',
  text: `
    with moved as (
      update audit_chains set seq = $4::bigint, hash = $5 where plane = $1::uuid and seq = $2::bigint and hash = $3 returning plane
    ), headers as (
      insert into audit_headers (plane, seq, at, header, hash, ${searchColumns.join(', ')})
      select moved.plane, r.* from moved, unnest(
        $6::bigint[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::text[], $16::text[], $17::text[]
      ) as r
    ), bodies as (
      insert into audit_bodies (plane, seq, at, args, result)
      select moved.plane, r.* from moved, unnest($6::bigint[], $7::timestamptz[], $18::bytea[], $19::bytea[]) as r(seq, at, args, result)
      where r.args is not null or r.result is not null
    )
    select from moved`,
}

/** The values of `APPEND`. The records must continue the head, and there must be at least one. */
export function appendValues(plane: string, head: ChainHead, records: readonly RecordToStore[], nowMs: number): unknown[] {
  const last = records.at(-1)
  const column = (type: 'text' | 'bytea', value: (record: RecordToStore) => string | undefined) => textArray(type, records.map(value))
  return [
    plane,
    head.seq,
    head.hash,
    last?.header.seq,
    last?.hash,
    bigintArray(records.map(({ header }) => header.seq)),
    timestamptzArray(records.map(({ header }) => clampAtMs(header.atMs, nowMs))),
    column('text', ({ text }) => text),
    column('text', ({ hash }) => hash),
    ...searchColumns.map((name) => column('text', ({ header }) => columnText(header, name))),
    column('bytea', ({ args }) => args),
    column('bytea', ({ result }) => result),
  ]
}

/** Appends records while `lockHead` holds the chain. Creates the partitions of their days if they are missing. */
export async function appendLocked(
  trx: Transaction<Database>,
  plane: string,
  head: ChainHead,
  records: readonly RecordToStore[],
  nowMs: number,
): Promise<void> {
  const days = new Set(records.map(({ header }) => new Date(clampAtMs(header.atMs, nowMs)).toISOString().slice(0, 10)))
  await ensurePartitions(trx, [...days])
  const { rows } = await trx.executeQuery(CompiledQuery.raw(APPEND.text, appendValues(plane, head, records, nowMs)))
  if (rows.length === 0) throw new Error('the head of an audit chain moved while it was locked')
}

/**
 * Whether a record may be stored under this time: its own, or the nearest that was allowed when it was stored.
 */
export function isPlausibleAt(storedMs: number, atMs: number, nowMs: number): boolean {
  if (storedMs > atMs) return storedMs <= nowMs - maxAgeMs
  return storedMs === atMs || storedMs <= nowMs + dayMs
}

/**
 * The time that a record is stored under. It is at most 31 days in the past and one day in the future, so that a
 * plane with a wrong clock cannot make us create thousands of daily partitions.
 */
const clampAtMs = (atMs: number, nowMs: number) => Math.min(Math.max(atMs, nowMs - maxAgeMs), nowMs + dayMs)

/** An index takes at most 2,700 bytes, and a character has at most three for each UTF-16 code unit. */
const maxColumnChars = 500

/** The text of a search column: short enough for an index, and without NUL, which a text column refuses. */
export function columnText(header: AuditHeader, name: SearchColumn): string | undefined {
  const text = header[name]
  const isPlain = text === undefined || (text.length <= maxColumnChars && !text.includes('\0') && text.isWellFormed())
  return isPlain ? text : text.slice(0, maxColumnChars).replaceAll('\0', '\ufffd').toWellFormed()
}

async function ensurePartitions(trx: Transaction<Database>, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const suffix = day.replaceAll('-', '')
    if (await partitionExists(trx, suffix)) continue
    await sql`select pg_advisory_xact_lock(${partitionLock})`.execute(trx)
    if (await partitionExists(trx, suffix)) continue
    await createPartitions(trx, day, suffix)
  }
}

/** Reads pg_class directly: a look-up by name may use a cached result that the partition does not exist. */
async function partitionExists(trx: Transaction<Database>, suffix: string): Promise<boolean> {
  const { rows } = await sql`select from pg_class where relname = ${`audit_bodies_${suffix}`} and relkind = 'r'`.execute(trx)
  return rows.length > 0
}

async function createPartitions(trx: Transaction<Database>, day: string, suffix: string): Promise<void> {
  const next = new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10)
  for (const table of ['audit_headers', 'audit_bodies']) {
    const [from, to] = [sql.lit(`${day}T00:00:00Z`), sql.lit(`${next}T00:00:00Z`)]
    await sql`create table ${sql.table(`${table}_${suffix}`)} partition of ${sql.table(table)} for values from (${from}) to (${to})`.execute(
      trx,
    )
  }
}

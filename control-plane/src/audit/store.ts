import type { Database } from '@bir/db/schema'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'

const DAY_MS = 24 * 60 * 60_000
const PARTITION_LOCK = 0x62697204

/** Appends records that have been found to continue their plane's chain, and moves its head. */
export async function storeRecords(trx: Transaction<Database>, records: readonly AuditRecord[], nowMs: number): Promise<void> {
  const last = records.at(-1)
  if (!last) return
  const rows = records.map((record) => ({ ...record, at: filedAt(record.header.atMs, nowMs) }))
  await ensureDays(trx, [...new Set(rows.map(({ at }) => at.toISOString().slice(0, 10)))])
  await insertHeaders(trx, rows)
  await insertBodies(
    trx,
    rows.filter(({ args, result }) => args !== undefined || result !== undefined),
  )
  await trx.updateTable('audit_chains').set({ seq: last.header.seq, hash: last.hash }).where('plane', '=', last.header.plane).execute()
}

/** The day it is filed under. A plane whose clock is far off must not make a partition for every day there ever was. */
const filedAt = (atMs: number, nowMs: number) => new Date(Math.min(Math.max(atMs, nowMs - 31 * DAY_MS), nowMs + DAY_MS))

type Row = AuditRecord & { at: Date }

/** A column an array: the statement stays the same however many records there are. */
async function insertHeaders(trx: Transaction<Database>, rows: readonly Row[]): Promise<void> {
  const headers = rows.map(({ header }) => header)
  const texts = (of: (header: AuditRecord['header']) => string | undefined) => sql`${headers.map((header) => plain(of(header)))}::text[]`
  await sql`
    insert into audit_headers (plane, seq, at, header, hash, kind, subject, handle, server, tool, outcome, reason)
    select * from unnest(
      ${headers.map(({ plane }) => plane)}::uuid[],
      ${headers.map(({ seq }) => seq)}::bigint[],
      ${rows.map(({ at }) => at)}::timestamptz[],
      ${headers.map((header) => JSON.stringify(header))}::text[],
      ${rows.map(({ hash }) => hash)}::text[],
      ${texts(({ kind }) => kind)},
      ${texts(({ subject }) => subject)},
      ${texts(({ handle }) => handle)},
      ${texts(({ server }) => server)},
      ${texts(({ tool }) => tool)},
      ${texts(({ outcome }) => outcome)},
      ${texts(({ reason }) => reason)}
    )`.execute(trx)
}

async function insertBodies(trx: Transaction<Database>, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const bytes = (of: (row: Row) => string | undefined) => rows.map((row) => bytesOf(of(row)))
  await sql`
    insert into audit_bodies (plane, seq, at, args, result)
    select * from unnest(
      ${rows.map(({ header }) => header.plane)}::uuid[],
      ${rows.map(({ header }) => header.seq)}::bigint[],
      ${rows.map(({ at }) => at)}::timestamptz[],
      ${bytes(({ args }) => args)}::bytea[],
      ${bytes(({ result }) => result)}::bytea[]
    )`.execute(trx)
}

/** A text column holds no NUL; the header's own text, in which it is escaped, keeps it. */
const plain = (text: string | undefined) => text?.replaceAll('\0', '\ufffd') ?? null

const bytesOf = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))

async function ensureDays(trx: Transaction<Database>, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const suffix = day.replaceAll('-', '')
    if (await isThere(trx, suffix)) continue
    await sql`select pg_advisory_xact_lock(${PARTITION_LOCK})`.execute(trx)
    if (await isThere(trx, suffix)) continue
    await createDay(trx, day, suffix)
  }
}

/** Asks the table of tables: a look-up by name may remember that there was none. */
async function isThere(trx: Transaction<Database>, suffix: string): Promise<boolean> {
  const { rows } = await sql`select from pg_class where relname = ${`audit_bodies_${suffix}`} and relkind = 'r'`.execute(trx)
  return rows.length > 0
}

async function createDay(trx: Transaction<Database>, day: string, suffix: string): Promise<void> {
  const next = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10)
  for (const table of ['audit_headers', 'audit_bodies']) {
    const [from, to] = [sql.lit(`${day}T00:00:00Z`), sql.lit(`${next}T00:00:00Z`)]
    await sql`create table ${sql.table(`${table}_${suffix}`)} partition of ${sql.table(table)} for values from (${from}) to (${to})`.execute(
      trx,
    )
  }
}

import type { Database } from '@bir/db'
import type { ChainHead } from '@bir/sdk/chain'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { CompiledQuery, sql } from 'kysely'
import type { Transaction } from 'kysely'
import { bigints, instants, texts } from './columns.ts'

const dayMs = 24 * 60 * 60_000
const partitionLock = 0x62697204

/** A record with its header's canonical bytes, which are what is stored. */
export interface Filing extends AuditRecord {
  text: string
}

/**
 * Moves the head of a chain and files what stands between, or does nothing when the head is not where it was said to be:
 * then it gives no row. A column is one array, so the statement stays the same however many records there are.
 */
export const APPEND = {
  name: 'audit-append',
  text: `
    with moved as (
      update audit_chains set seq = $4::bigint, hash = $5 where plane = $1::uuid and seq = $2::bigint and hash = $3 returning plane
    ), headers as (
      insert into audit_headers (plane, seq, at, header, hash, kind, subject, handle, server, tool, outcome, reason)
      select moved.plane, r.* from moved, unnest(
        $6::bigint[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
        $15::text[], $16::text[]
      ) as r
    ), bodies as (
      insert into audit_bodies (plane, seq, at, args, result)
      select moved.plane, r.* from moved, unnest($6::bigint[], $7::timestamptz[], $17::bytea[], $18::bytea[]) as r(seq, at, args, result)
      where r.args is not null or r.result is not null
    )
    select from moved`,
}

/** The values of `APPEND`. The records follow the head, and there is at least one. */
export function appended(plane: string, head: ChainHead, records: readonly Filing[], nowMs: number): unknown[] {
  const last = records.at(-1)
  const column = (type: 'text' | 'bytea', of: (filing: Filing) => string | undefined) => texts(type, records.map(of))
  return [
    plane,
    head.seq,
    head.hash,
    last?.header.seq,
    last?.hash,
    bigints(records.map(({ header }) => header.seq)),
    instants(records.map(({ header }) => filedAtMs(header.atMs, nowMs))),
    column('text', ({ text }) => text),
    column('text', ({ hash }) => hash),
    ...filters.map((name) => column('text', ({ header }) => plain(header[name]))),
    column('bytea', ({ args }) => args),
    column('bytea', ({ result }) => result),
  ]
}

/** What a search may ask for. */
const filters = ['kind', 'subject', 'handle', 'server', 'tool', 'outcome', 'reason'] as const

/** The same under the lock of the chain's head, where the days it falls on may have to be made first. */
export async function appendLocked(
  trx: Transaction<Database>,
  plane: string,
  head: ChainHead,
  records: readonly Filing[],
  nowMs: number,
): Promise<void> {
  const days = new Set(records.map(({ header }) => new Date(filedAtMs(header.atMs, nowMs)).toISOString().slice(0, 10)))
  await ensureDays(trx, [...days])
  const { rows } = await trx.executeQuery(CompiledQuery.raw(APPEND.text, appended(plane, head, records, nowMs)))
  if (rows.length === 0) throw new Error('the head of an audit chain moved while it was locked')
}

/** The day it is filed under. A plane whose clock is far off must not make a partition for every day there ever was. */
const filedAtMs = (atMs: number, nowMs: number) => Math.min(Math.max(atMs, nowMs - 31 * dayMs), nowMs + dayMs)

/** A text column holds no NUL; the header's own text, in which it is escaped, keeps it. */
const plain = (text: string | undefined) => (text?.includes('\0') ? text.replaceAll('\0', '\ufffd') : text)

async function ensureDays(trx: Transaction<Database>, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const suffix = day.replaceAll('-', '')
    if (await isThere(trx, suffix)) continue
    await sql`select pg_advisory_xact_lock(${partitionLock})`.execute(trx)
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
  const next = new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10)
  for (const table of ['audit_headers', 'audit_bodies']) {
    const [from, to] = [sql.lit(`${day}T00:00:00Z`), sql.lit(`${next}T00:00:00Z`)]
    await sql`create table ${sql.table(`${table}_${suffix}`)} partition of ${sql.table(table)} for values from (${from}) to (${to})`.execute(
      trx,
    )
  }
}

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

/** Between values, and for none: control characters, which no JSON text holds raw. A joined text costs a fraction of an array to send. */
const between = '\u001e'
const none = '\u001d'

/** With one that does not count before them: of a single empty text nothing else would be left. */
const joined = (values: readonly (string | number | undefined)[]) => [none, ...values.map((value) => value ?? none)].join(between)

const column = (values: readonly (string | number | undefined)[]) => sql`(string_to_array(${joined(values)}, ${between}, ${none}))[2:]`

/** A column a text: the statement stays the same however many records there are. */
async function insertHeaders(trx: Transaction<Database>, rows: readonly Row[]): Promise<void> {
  const headers = rows.map(({ header }) => header)
  const texts = (of: (header: AuditRecord['header']) => string | undefined) => column(headers.map((header) => plain(of(header))))
  await sql`
    insert into audit_headers (plane, seq, at, header, hash, kind, subject, handle, server, tool, outcome, reason)
    select ${headers[0]?.plane}::uuid, r.seq, to_timestamp(r.at / 1000.0), r.header, r.hash, r.kind, r.subject, r.handle, r.server, r.tool, r.outcome, r.reason
    from unnest(
      ${column(headers.map(({ seq }) => seq))}::bigint[],
      ${column(rows.map(({ at }) => at.getTime()))}::bigint[],
      ${column(headers.map((header) => JSON.stringify(header)))},
      ${column(rows.map(({ hash }) => hash))},
      ${texts(({ kind }) => kind)},
      ${texts(({ subject }) => subject)},
      ${texts(({ handle }) => handle)},
      ${texts(({ server }) => server)},
      ${texts(({ tool }) => tool)},
      ${texts(({ outcome }) => outcome)},
      ${texts(({ reason }) => reason)}
    ) as r(seq, at, header, hash, kind, subject, handle, server, tool, outcome, reason)`.execute(trx)
}

async function insertBodies(trx: Transaction<Database>, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const bodies = (of: (row: Row) => string | undefined) => bytes(rows.map(of))
  await sql`
    insert into audit_bodies (plane, seq, at, args, result)
    select ${rows[0]?.header.plane}::uuid, r.seq, to_timestamp(r.at / 1000.0), r.args, r.result
    from unnest(
      ${column(rows.map(({ header }) => header.seq))}::bigint[],
      ${column(rows.map(({ at }) => at.getTime()))}::bigint[],
      ${bodies(({ args }) => args)},
      ${bodies(({ result }) => result)}
    ) as r(seq, at, args, result)`.execute(trx)
}

/** Bodies are JSON text, cut or whole; whatever else comes is kept byte for byte too, the slower way. */
function bytes(bodies: readonly (string | undefined)[]) {
  if (bodies.some((body) => body !== undefined && unsendable.test(body))) {
    return sql`${bodies.map((body) => (body === undefined ? null : Buffer.from(body)))}::bytea[]`
  }
  return sql`(select array_agg(convert_to(body, 'UTF8') order by at) from unnest(${column(bodies)}) with ordinality as b(body, at))`
}

// oxlint-disable-next-line no-control-regex -- these are the characters it is about
const unsendable = /[\0\u001d\u001e]/

/** A text column holds no NUL, and our own marks stay ours; the header's own text, in which they are escaped, keeps them. */
// oxlint-disable-next-line no-control-regex -- these are the characters it is about
const plain = (text: string | undefined) => text?.replaceAll(/[\0\u001d\u001e]/g, '\ufffd')

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

import type { Database } from '@bir/db/schema'
import type { AuditHeader, SetApart } from '@bir/sdk/contract/audit'
import type { api } from '@bir/sdk/contract/api'
import { AuditRow, Instant } from '@bir/sdk/contract/entities'
import { Id } from '@bir/sdk/contract/names'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { keyOf, notOurs, pageOf } from '../base/paging.ts'
import { refuseUnknownNames } from './unknown-names.ts'
import { storedHeader } from './read-chain.ts'
import type { StoredHeader } from './read-chain.ts'
import type { SearchColumn } from './store.ts'

type Search = z.infer<typeof api.audit.search.input>

/** A search, and whose records alone it may find: a handle can be another person's by now. */
type Wanted = Search & { subject?: string }

/** Finds records, newest first. A misspelt name is told: in an emergency, nobody takes it for "nothing happened". */
export async function search(ctx: Ctx, input: Search) {
  const { db } = ctx
  refuseEmptySpan(input)
  const found = await findRecords(db, input)
  if (found.items.length === 0 && input.after === undefined) await refuseUnknownNames(ctx, input)
  return found
}

/** Throws `invalid_input` for a time that ends before it begins. */
export function refuseEmptySpan({ since, until }: { since?: string | undefined; until?: string | undefined }): void {
  if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until))
    throw new ApiError('invalid_input', `until: ${until} is not after since, which is ${since}`)
}

/** A page of the records that fit, newest first. */
export async function findRecords(db: Kysely<Database>, input: Wanted) {
  const rows = await matchingRows(db, input)
    .orderBy('h.at', 'desc')
    .orderBy('h.plane', 'desc')
    .orderBy('h.seq', 'desc')
    .limit(input.first + 1)
    .execute()
  return pageOf(rows, input.first, ({ at, plane, seq }) => `${at.toISOString()} ${plane} ${seq}`, readableRow)
}

/** The columns that a search compares exactly. Of the others, subject and handle make up `user`, and call is `id`. */
const exactColumns = ['server', 'tool', 'outcome', 'reason', 'kind'] as const satisfies readonly SearchColumn[]

function matchingRows(db: Kysely<Database>, input: Wanted) {
  const { id, token, session, user, subject, until, after, ...exact } = input
  const since = sinceOf(input, Date.now())
  let rows = withBodies(db).select('h.at')
  if (token !== undefined) rows = rows.where(names('tokenId', token))
  if (session !== undefined) rows = rows.where(names('sessionId', session))
  if (id !== undefined) rows = rows.where('h.call', '=', id)
  for (const column of exactColumns) {
    const value = exact[column]
    if (value !== undefined) rows = rows.where(`h.${column}`, '=', value)
  }
  if (user !== undefined) rows = rows.where((eb) => eb.or([eb('h.handle', '=', user), eb('h.subject', '=', user)]))
  if (subject !== undefined) rows = rows.where('h.subject', '=', subject)
  if (since !== undefined) rows = rows.where('h.at', '>=', new Date(since))
  if (until !== undefined) rows = rows.where('h.at', '<', new Date(until))
  const key = keyOf(after)
  if (key === undefined) return rows

  const [at = '', plane, seq = ''] = key.split(' ')
  if (!Instant.safeParse(at).success || !uuid.test(plane ?? '') || !/^-?\d{1,19}$/.test(seq)) throw notOurs()
  return rows.where(sql<boolean>`(h.at, h.plane, h.seq) < (${at}::timestamptz, ${plane}::uuid, ${seq}::bigint)`)
}

/** Tokens and sessions have no column: their records are found in the text of the header, which is read for that. */
const readsHeaders = ({ token, session }: Search) => token !== undefined || session !== undefined
const defaultSpanMs = 31 * 24 * 60 * 60_000

/** A search that reads every header of its time needs a beginning. */
function sinceOf(input: Search, nowMs: number): string | undefined {
  if (input.since !== undefined || !readsHeaders(input)) return input.since
  return new Date((input.until === undefined ? nowMs : Date.parse(input.until)) - defaultSpanMs).toISOString()
}

/**
 * Whether a record says that it is about this token or session: in a member of its own, or in the detail, as a record
 * of its end does. In JSON no text holds a quote that ends it, so nobody can write a member into another.
 */
function names(member: 'tokenId' | 'sessionId', uuid: string) {
  const id = uuid.toLowerCase()
  const word = member === 'tokenId' ? 'token' : 'session'
  const inDetail = String.raw`"detail":"(([^"\\]|\\.)*${word} )?${id}`
  return sql<boolean>`strpos(h.header, ${id}) > 0 and (strpos(h.header, ${`"${member}":"${id}"`}) > 0 or h.header ~ ${inDetail})`
}

/** As the database has it, whatever its version: a row that somebody else wrote may be the last of a page. */
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

const withBodies = (db: Kysely<Database>) =>
  db
    .selectFrom('audit_headers as h')
    .leftJoin('audit_bodies as b', (join) => join.onRef('b.plane', '=', 'h.plane').onRef('b.seq', '=', 'h.seq').onRef('b.at', '=', 'h.at'))
    .select(['h.plane', 'h.seq', 'h.header', 'h.hash', 'b.args', 'b.result'])

interface Bodies {
  args: Buffer | null
  result: Buffer | null
}

interface Row extends Bodies {
  plane: string
  seq: string | number
  at: Date
  header: string
}

/** A row that holds no record, because somebody wrote into the database, is shown as such: it hides no other row. */
function readableRow(row: Row): z.infer<typeof AuditRow> {
  try {
    return AuditRow.parse(auditRow(storedHeader(row.header), row))
  } catch {
    return unreadableRow(row)
  }
}

const nothingKnown = {
  user: null,
  actor: null,
  client: null,
  ip: null,
  method: null,
  server: null,
  tool: null,
  level: null,
  outcome: null,
  reason: null,
  revision: null,
  durationMs: null,
  args: null,
  result: null,
  traceId: null,
  call: null,
  subject: null,
  userAgent: null,
  tokenId: null,
  sessionId: null,
  endpoint: null,
  era: null,
  httpStatus: null,
  rpcCode: null,
  behind: null,
  offline: null,
  argsBytes: null,
  resultBytes: null,
  count: null,
}

const nilId = '00000000-0000-0000-0000-000000000000'

function unreadableRow({ plane, seq, at }: Row): z.infer<typeof AuditRow> {
  const time = Instant.safeParse(isoText(at)).data ?? new Date(0).toISOString()
  return {
    ...nothingKnown,
    plane: Id.safeParse(plane).data ?? nilId,
    seq: Number.isSafeInteger(Number(seq)) ? Number(seq) : 0,
    at: time,
    kind: 'unreadable',
    detail: `The row ${seq} of the plane ${plane} holds no record: somebody wrote into the database. Run "bir audit verify".`,
  }
}

const isoText = (at: Date) => (Number.isNaN(at.getTime()) ? '' : at.toISOString())

const auditRow = ({ header, standIn }: StoredHeader, { args, result }: Bodies): z.infer<typeof AuditRow> => ({
  plane: header.plane,
  seq: header.seq,
  at: new Date(header.atMs).toISOString(),
  kind: header.kind,
  user: header.handle ?? header.subject ?? null,
  actor: header.actor ?? null,
  client: header.client ?? null,
  ip: header.ip ?? null,
  method: header.method ?? null,
  server: header.server ?? null,
  tool: header.tool ?? null,
  level: header.level ?? null,
  outcome: header.outcome ?? null,
  reason: header.reason ?? null,
  detail: standIn ? apartDetail(standIn) : (header.detail ?? countDetail(header)),
  revision: header.revision ?? null,
  durationMs: header.durationUs === undefined ? null : header.durationUs / 1000,
  args: args?.toString() ?? null,
  result: result?.toString() ?? null,
  traceId: header.traceId ?? null,
  call: header.call ?? null,
  subject: header.subject ?? null,
  userAgent: header.userAgent ?? null,
  tokenId: header.tokenId ?? null,
  sessionId: header.sessionId ?? null,
  endpoint: header.endpoint ?? null,
  era: header.era ?? null,
  httpStatus: header.httpStatus ?? null,
  rpcCode: header.rpcCode ?? null,
  behind: header.behind ?? null,
  offline: header.offline ?? null,
  argsBytes: header.argsBytes ?? null,
  resultBytes: header.resultBytes ?? null,
  count: header.count ?? null,
})

/** What a record says whose own text lies on its plane. */
const apartDetail = ({ bytes, why }: SetApart) => `set apart on its plane, ${bytes} bytes: ${why}`

/** The detail of a record that stands for many refusals: their number. */
function countDetail({ count, subject, sessionId, tokenId, client }: AuditHeader): string | null {
  if (count === undefined) return null
  return (subject ?? sessionId ?? tokenId ?? client) === undefined
    ? `${count} more before authentication, not recorded one by one`
    : `${count} more within a second, not recorded one by one`
}

import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Restriction as RestrictionSchema } from '@bir/sdk/contract/entities'
import type { FileRestriction } from '@bir/sdk/contract/policy-file'
import { plain } from '@bir/sdk/contract/suspicious'
import { canonical } from '@bir/sdk/contract/canonical'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { holderFields } from '../grants/grants.ts'
import { bucketsOfHolders, holdsSomething } from '../holders/buckets.ts'
import { resolveHolder, holderNames, describeHolder } from '../holders/holder.ts'
import type { Holder, HolderName } from '../holders/holder.ts'
import { idKeyOf, pageOf } from '../base/paging.ts'
import { connectionFaults } from '../servers/faults.ts'
import { readServer } from '../servers/servers.ts'
import { restrictionRow } from '../policy-rows/read.ts'
import type { RestrictionRow } from '../policy-rows/types.ts'

type Input<K extends keyof Api['restrictions']> = z.output<Api['restrictions'][K]['input']>
type Restriction = z.infer<typeof RestrictionSchema>

export async function list({ db }: Ctx, { first, after, server }: Input<'list'>) {
  const key = idKeyOf(after)
  const rows = await db
    .selectFrom('restrictions')
    .selectAll()
    .$if(key !== undefined, (query) => query.where('id', '>', key ?? ''))
    .$if(server !== undefined, (query) => query.where('server', '=', server ?? ''))
    .orderBy('id')
    .limit(first + 1)
    .execute()
  const restrictions = rows.map(restrictionRow)
  const name = await holderNames(db, restrictions)
  return pageOf(
    restrictions,
    first,
    ({ id }) => id,
    (row): Restriction => ({ id: row.id, ...fileRestriction(row, name(row)) }),
  )
}

export async function create(ctx: Ctx, input: Input<'create'>): Promise<Restriction> {
  const detail = describeRestriction(input)
  const { value } = await change(ctx, { action: 'restrictions.create', target: describeHolder(input), detail }, async (trx) => {
    const holder = await resolveHolder(trx, input)
    const faults = connectionFaults(await readServer(trx, input.server), input.connection)
    if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))

    const row = newRestriction(holder, input)
    const existing = await trx.selectFrom('restrictions').selectAll().where('holder_id', '=', holder.holderId).execute()
    const isRepeated = existing.map(restrictionRow).some((other) => restrictionKey(other) === restrictionKey(row))
    if (isRepeated) throw new ApiError('conflict', `This restriction exists: ${detail}.`)
    const isFirst = !(await holdsSomething(trx, holder))
    await insertRestrictions(trx, [row])
    return { value: row, dirty: isFirst ? await bucketsOfHolders(trx, [holder.holderId]) : [] }
  })
  return { id: value.id, ...fileRestriction(value, input) }
}

export async function remove(ctx: Ctx, { id }: Input<'delete'>) {
  const { revision } = await change(ctx, { action: 'restrictions.delete', target: id }, async (trx) => {
    const stored = await trx.deleteFrom('restrictions').where('id', '=', id).returningAll().executeTakeFirst()
    if (!stored) throw notFound('restriction', id)
    const row = restrictionRow(stored)
    const name = await holderNames(trx, [row])
    const wasLast = !(await holdsSomething(trx, row))
    const dirty = wasLast ? await bucketsOfHolders(trx, [row.holderId]) : []
    return { value: undefined, dirty, detail: describeRestriction(fileRestriction(row, name(row))) }
  })
  return { revision }
}

type Columns = Record<string, string[]>

export const newRestriction = ({ kind, holderId }: Holder, restriction: FileRestriction): RestrictionRow => ({
  id: uuidv7(),
  kind,
  holderId,
  server: restriction.server,
  connection: restriction.connection,
  allow: sortedSet(restriction.allow),
  deny: sortedSet(restriction.deny),
  hide: columnsOf(restriction.hide),
  mask: columnsOf(restriction.mask),
  maxRows: restriction.maxRows ?? null,
  timeoutMs: restriction.timeoutMs ?? null,
})

/** Sorted, without repetition. An empty list means the same as no list, so it becomes null. */
const sortedSet = (list: string[] | undefined) => (list?.length ? [...new Set(list)].sort() : null)

const columnsOf = (columns: Columns | undefined): Columns | null =>
  columns === undefined || Object.keys(columns).length === 0
    ? null
    : Object.fromEntries(Object.entries(columns).map(([table, names]) => [table, [...new Set(names)].sort()]))

/** Two restrictions have the same key if they differ in nothing but their id. */
export const restrictionKey = (row: RestrictionRow): string => canonical({ ...row, id: undefined })

export async function insertRestrictions(trx: Transaction<Database>, rows: readonly RestrictionRow[]): Promise<void> {
  const values = rows.map((row) => ({
    id: row.id,
    holder_kind: row.kind,
    holder_id: row.holderId,
    server: row.server,
    connection: row.connection,
    allow: row.allow,
    deny: row.deny,
    hide: row.hide && JSON.stringify(row.hide),
    mask: row.mask && JSON.stringify(row.mask),
    max_rows: row.maxRows,
    timeout_ms: row.timeoutMs,
  }))
  for (let at = 0; at < values.length; at += 1000)
    await trx
      .insertInto('restrictions')
      .values(values.slice(at, at + 1000))
      .execute()
}

export const fileRestriction = (row: RestrictionRow, name: HolderName): FileRestriction => ({
  ...holderFields(name),
  server: row.server,
  connection: row.connection,
  ...(row.allow === null ? {} : { allow: row.allow }),
  ...(row.deny === null ? {} : { deny: row.deny }),
  ...(row.hide === null ? {} : { hide: row.hide }),
  ...(row.mask === null ? {} : { mask: row.mask }),
  ...(row.maxRows === null ? {} : { maxRows: row.maxRows }),
  ...(row.timeoutMs === null ? {} : { timeoutMs: row.timeoutMs }),
})

export function describeRestriction({
  server,
  connection,
  allow,
  deny,
  hide,
  mask,
  maxRows,
  timeoutMs,
  ...holder
}: FileRestriction): string {
  const columnNames = (columns: Columns) =>
    Object.entries(columns)
      .flatMap(([table, names]) => names.map((name) => `${table}.${name}`))
      .join(', ')
  const notes = [
    ...(allow?.length ? [`may read ${allow.join(', ')}`] : []),
    ...(deny?.length ? [`never ${deny.join(', ')}`] : []),
    ...(hide ? [`hidden ${columnNames(hide)}`] : []),
    ...(mask ? [`masked ${columnNames(mask)}`] : []),
    ...(maxRows === undefined ? [] : [`at most ${maxRows} rows`]),
    ...(timeoutMs === undefined ? [] : [`at most ${timeoutMs} ms`]),
  ]
  return oneLine(`${describeHolder(holder)} on ${server}, connection ${connection}: ${notes.join('; ') || 'nothing'}`)
}

/** A name of a table may hold any character. It neither breaks the line of a plan or record nor hides in it. */
const oneLine = (text: string) => plain(text).replace(/[\n\r\t]/g, ' ')

import { headerText } from '@bir/sdk/chain'
import { AuditHeader, SetApart } from '@bir/sdk/contract/audit'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import type { api } from '@bir/sdk/contract/api'
import type { MisfiledRecord } from '@bir/sdk/contract/entities'
import type { z } from 'zod'
import type { Ctx } from '../base/context.ts'
import { columnText, isPlausibleAt, searchColumns } from './store.ts'
import type { SearchColumn } from './store.ts'

/** A stored record: its header, and what stands in for it when it was set apart. */
export interface StoredHeader {
  header: AuditHeader
  standIn?: SetApart
}

/** Reads the stored text of a header. */
export function storedHeader(text: string): StoredHeader {
  const value: unknown = JSON.parse(text)
  const standIn = SetApart.safeParse(value)
  return standIn.success ? { header: standIn.data.apart, standIn: standIn.data } : { header: AuditHeader.parse(value) }
}

/** The records of one plane as it wrote them, oldest first, and which of them the search index shows otherwise. */
export async function chain(
  { db }: Ctx,
  { plane, afterSeq, first }: z.infer<typeof api.audit.chain.input>,
): Promise<z.infer<typeof api.audit.chain.output>> {
  const rows = await db
    .selectFrom('audit_headers as h')
    .leftJoin('audit_bodies as b', (join) => join.onRef('b.plane', '=', 'h.plane').onRef('b.seq', '=', 'h.seq').onRef('b.at', '=', 'h.at'))
    .select(['h.seq', 'h.at', 'h.header as text', 'h.hash', 'b.args', 'b.result'])
    .select(searchColumns.map((column) => `h.${column}` as const))
    .where('h.plane', '=', plane)
    .where('h.seq', '>', afterSeq)
    .orderBy('h.seq')
    .limit(first)
    .execute()
  const nowMs = Date.now()
  const page = {
    records: [] as AuditRecord[],
    apart: [] as SetApart[],
    misfiled: [] as z.infer<typeof MisfiledRecord>[],
    misdated: [] as number[],
  }
  for (const row of rows) {
    const stored = legibleHeader(row.text)
    const columns = stored ? misfiledColumns(row, stored, nowMs) : ['header']
    if (columns.length > 0) page.misfiled.push({ seq: Number(row.seq), columns })
    if (stored && row.at.getTime() !== stored.header.atMs && !columns.includes('at')) page.misdated.push(stored.header.seq)
    if (stored?.standIn) page.apart.push(stored.standIn)
    else if (stored) page.records.push({ hash: row.hash, header: stored.header, ...bodiesOf(row) })
  }
  return page
}

const bodiesOf = ({ args, result }: { args: Buffer | null; result: Buffer | null }) => ({
  ...(args === null ? {} : { args: args.toString() }),
  ...(result === null ? {} : { result: result.toString() }),
})

/** Undefined for a text that is no header: somebody wrote into the database. The reader finds a gap there. */
function legibleHeader(text: string): StoredHeader | undefined {
  try {
    return storedHeader(text)
  } catch {
    return undefined
  }
}

type Row = Record<SearchColumn, string | null> & { seq: string | number; at: Date; text: string; hash: string }

/** The columns that say something else than the header, whose bytes the chain covers. */
function misfiledColumns(row: Row, { header, standIn }: StoredHeader, nowMs: number): string[] {
  const columns: string[] = searchColumns.filter(
    (name) => !isOfBefore(name, row[name]) && row[name] !== (columnText(header, name) ?? null) && row[name] !== header[name],
  )
  if (row.text !== (standIn ? JSON.stringify(standIn) : headerText(header))) columns.push('header')
  if (Number(row.seq) !== header.seq) columns.push('seq')
  if (standIn && row.hash !== standIn.hash) columns.push('hash')
  if (!isPlausibleAt(row.at.getTime(), header.atMs, nowMs)) columns.push('at')
  return columns
}

/** The column `call` came later: it is empty for what was stored before. */
const isOfBefore = (name: string, value: string | null) => name === 'call' && value === null

import type { KeyObject } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { faultOf } from '@bir/sdk/chain'
import type { ChainFault, ChainHead } from '@bir/sdk/chain'
import { AuditRecord } from '@bir/sdk/contract/audit'
import type { Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { storeRecords } from './store.ts'

export type Ingested = { stored: number; fault?: ChainFault }

/** One record a line. Throws words a plane's log can show when a line is not one. */
export function parseBatch(text: string, plane: string): AuditRecord[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, at) => {
    const record = AuditRecord.safeParse(jsonOf(line))
    if (!record.success) throw new BatchFault(`line ${at + 1} is no audit record: ${z.prettifyError(record.error)}`)
    if (record.data.header.plane !== plane) throw new BatchFault(`line ${at + 1} is of another plane`)
    return record.data
  })
}

export class BatchFault extends Error {
  override readonly name = 'BatchFault'
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

interface Origin {
  plane: string
  /** Signed heads are checked by it. */
  key: KeyObject
}

/**
 * Stores what continues the plane's chain, once: what is here already is skipped, what breaks the chain is refused and
 * nothing after it is looked at. All that came before the fault stays.
 */
export function ingest(db: Kysely<Database>, { plane, key }: Origin, records: readonly AuditRecord[], nowMs: number): Promise<Ingested> {
  return db.transaction().execute(async (trx) => {
    const head = await lockHead(trx, plane)
    const known = records.filter(({ header }) => header.seq <= head.seq)
    const fork = await forkAmong(trx, plane, known)
    if (fork) return { stored: head.seq, fault: fork }

    const { good, fault } = unbroken(head, records.slice(known.length), key)
    await storeRecords(trx, good, nowMs)
    const stored = good.at(-1)?.header.seq ?? head.seq
    return fault ? { stored, fault } : { stored }
  })
}

/** Until the transaction ends, no other batch of this plane moves it. */
export async function lockHead(trx: Transaction<Database>, plane: string): Promise<ChainHead> {
  const row = await trx.selectFrom('audit_chains').select(['seq', 'hash']).where('plane', '=', plane).forUpdate().executeTakeFirstOrThrow()
  return { seq: Number(row.seq), hash: row.hash }
}

/** A plane that was set back to an older disk uses numbers again for other records: these must not be taken for known ones. */
async function forkAmong(trx: Transaction<Database>, plane: string, known: readonly AuditRecord[]): Promise<ChainFault | undefined> {
  if (known.length === 0) return undefined
  const seqs = known.map(({ header }) => header.seq)
  const rows = await trx
    .selectFrom('audit_headers')
    .select(['seq', 'hash'])
    .where('plane', '=', plane)
    .where('seq', '>=', Math.min(...seqs))
    .where('seq', '<=', Math.max(...seqs))
    .execute()
  const stored = new Map(rows.map(({ seq, hash }) => [Number(seq), hash]))
  const other = known.find(({ header, hash }) => stored.has(header.seq) && stored.get(header.seq) !== hash)
  return other && { seq: other.header.seq, fault: 'broken-link' }
}

function unbroken(head: ChainHead, records: readonly AuditRecord[], key: KeyObject): { good: AuditRecord[]; fault?: ChainFault } {
  const good: AuditRecord[] = []
  let at = head
  for (const record of records) {
    const fault = faultOf(at, record, key)
    if (fault) return { good, fault }
    good.push(record)
    at = { seq: record.header.seq, hash: record.hash }
  }
  return { good }
}

import type { KeyObject } from 'node:crypto'
import type { Database, Db } from '@bir/db'
import { faultOf, standInFaultOf } from '@bir/sdk/chain'
import type { ChainFault, ChainHead } from '@bir/sdk/chain'
import type { Kysely, Transaction } from 'kysely'
import { APPEND, appendValues, appendLocked } from './store.ts'
import type { RecordToStore } from './store.ts'

export type IngestResult = { stored: number; fault?: ChainFault }

interface PlaneOrigin {
  plane: string
  /** The key that verifies signed heads. */
  key: KeyObject
}

/**
 * Stores the records that continue the plane's chain, each once. It skips records that are stored already. At the
 * first record that breaks the chain it stops with a fault; the records before that one stay stored.
 */
export async function ingest(db: Db, origin: PlaneOrigin, records: readonly RecordToStore[], nowMs: number): Promise<IngestResult> {
  return (await ingestNext(db, origin, records, nowMs)) ?? ingestAny(db, origin, records, nowMs)
}

/**
 * The fast way, in one statement, for a valid batch that begins right after the head. Nearly every batch is one. For
 * any other batch, and for a day that has no partition yet, it stores nothing and resolves with undefined.
 */
async function ingestNext(
  db: Db,
  { plane, key }: PlaneOrigin,
  records: readonly RecordToStore[],
  nowMs: number,
): Promise<IngestResult | undefined> {
  const first = records[0]?.header
  if (!first) return undefined
  const head = { seq: first.seq - 1, hash: first.prev }
  const { valid, fault } = checkChain(head, records, key)
  if (fault) return undefined

  try {
    const rowCount = await db.run(APPEND, appendValues(plane, head, valid, nowMs))
    return rowCount === 0 ? undefined : { stored: head.seq + valid.length }
  } catch (error) {
    if (hasNoPartition(error)) return undefined
    throw error
  }
}

/** 23514 is the code of Postgres for `check_violation`: a row that fits in no partition. */
const hasNoPartition = (error: unknown) => error instanceof Error && 'code' in error && error.code === '23514'

function ingestAny(
  db: Kysely<Database>,
  { plane, key }: PlaneOrigin,
  records: readonly RecordToStore[],
  nowMs: number,
): Promise<IngestResult> {
  return db.transaction().execute(async (trx) => {
    const head = await lockHead(trx, plane)
    const repeated = records.filter(({ header }) => header.seq <= head.seq)
    const fork = await findFork(trx, plane, repeated)
    if (fork) return { stored: head.seq, fault: fork }

    const { valid, fault } = checkChain(head, records.slice(repeated.length), key)
    if (valid.length > 0) await appendLocked(trx, plane, head, valid, nowMs)
    const stored = head.seq + valid.length
    return fault ? { stored, fault } : { stored }
  })
}

/** Reads and locks the head of a chain. Until the transaction ends, no other transaction can move it. */
export async function lockHead(trx: Transaction<Database>, plane: string): Promise<ChainHead> {
  const row = await trx.selectFrom('audit_chains').select(['seq', 'hash']).where('plane', '=', plane).forUpdate().executeTakeFirstOrThrow()
  return { seq: Number(row.seq), hash: row.hash }
}

/** Finds a repeated number with another hash: a plane that was restored from an old disk uses its numbers again. */
async function findFork(trx: Transaction<Database>, plane: string, repeated: readonly RecordToStore[]): Promise<ChainFault | undefined> {
  if (repeated.length === 0) return undefined
  const seqs = repeated.map(({ header }) => header.seq)
  const rows = await trx
    .selectFrom('audit_headers')
    .select(['seq', 'hash'])
    .where('plane', '=', plane)
    .where('seq', '>=', Math.min(...seqs))
    .where('seq', '<=', Math.max(...seqs))
    .execute()
  const storedHashes = new Map(rows.map(({ seq, hash }) => [Number(seq), hash]))
  const forked = repeated.find(({ header, hash }) => storedHashes.has(header.seq) && storedHashes.get(header.seq) !== hash)
  return forked && { seq: forked.header.seq, fault: 'broken-link' }
}

/** The records that continue the chain from this head, up to the first fault. */
function checkChain(head: ChainHead, records: readonly RecordToStore[], key: KeyObject): { valid: RecordToStore[]; fault?: ChainFault } {
  const valid: RecordToStore[] = []
  let at = head
  for (const record of records) {
    const fault = record.standIn ? standInFaultOf(at, record.standIn) : faultOf(at, record, key, record.text)
    if (fault) return { valid, fault }
    valid.push(record)
    at = { seq: record.header.seq, hash: record.hash }
  }
  return { valid }
}

import type { KeyObject } from 'node:crypto'
import type { Database, Db } from '@bir/db'
import { faultOf } from '@bir/sdk/chain'
import type { ChainFault, ChainHead } from '@bir/sdk/chain'
import type { Kysely, Transaction } from 'kysely'
import { APPEND, appended, appendLocked } from './store.ts'
import type { Filing } from './store.ts'

export type Ingested = { stored: number; fault?: ChainFault }

interface PlaneOrigin {
  plane: string
  /** Signed heads are checked by it. */
  key: KeyObject
}

/**
 * Stores what continues the plane's chain, once: what is here already is skipped, what breaks the chain is refused and
 * nothing after it is looked at. All that came before the fault stays.
 */
export async function ingest(db: Db, origin: PlaneOrigin, records: readonly Filing[], nowMs: number): Promise<Ingested> {
  return (await ingestNext(db, origin, records, nowMs)) ?? ingestAny(db, origin, records, nowMs)
}

/**
 * What nearly every batch is, in one statement: whole, and next in its chain. Undefined when it is not, or falls on a
 * day that has no partition yet; nothing is stored then.
 */
async function ingestNext(db: Db, { plane, key }: PlaneOrigin, records: readonly Filing[], nowMs: number): Promise<Ingested | undefined> {
  const first = records[0]?.header
  if (!first) return undefined
  const head = { seq: first.seq - 1, hash: first.prev }
  const { good, fault } = unbroken(head, records, key)
  if (fault) return undefined

  try {
    const moved = await db.run(APPEND, appended(plane, head, good, nowMs))
    return moved === 0 ? undefined : { stored: head.seq + good.length }
  } catch (error) {
    if (hasNoPartition(error)) return undefined
    throw error
  }
}

const hasNoPartition = (error: unknown) => error instanceof Error && 'code' in error && error.code === '23514'

function ingestAny(db: Kysely<Database>, { plane, key }: PlaneOrigin, records: readonly Filing[], nowMs: number): Promise<Ingested> {
  return db.transaction().execute(async (trx) => {
    const head = await lockHead(trx, plane)
    const known = records.filter(({ header }) => header.seq <= head.seq)
    const fork = await forkAmong(trx, plane, known)
    if (fork) return { stored: head.seq, fault: fork }

    const { good, fault } = unbroken(head, records.slice(known.length), key)
    if (good.length > 0) await appendLocked(trx, plane, head, good, nowMs)
    const stored = head.seq + good.length
    return fault ? { stored, fault } : { stored }
  })
}

/** Until the transaction ends, no other batch of this plane moves it. */
export async function lockHead(trx: Transaction<Database>, plane: string): Promise<ChainHead> {
  const row = await trx.selectFrom('audit_chains').select(['seq', 'hash']).where('plane', '=', plane).forUpdate().executeTakeFirstOrThrow()
  return { seq: Number(row.seq), hash: row.hash }
}

/** A plane that was set back to an older disk uses numbers again for other records: these must not be taken for known ones. */
async function forkAmong(trx: Transaction<Database>, plane: string, known: readonly Filing[]): Promise<ChainFault | undefined> {
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

function unbroken(head: ChainHead, records: readonly Filing[], key: KeyObject): { good: Filing[]; fault?: ChainFault } {
  const good: Filing[] = []
  let at = head
  for (const record of records) {
    const fault = faultOf(at, record, key, record.text)
    if (fault) return { good, fault }
    good.push(record)
    at = { seq: record.header.seq, hash: record.hash }
  }
  return { good }
}

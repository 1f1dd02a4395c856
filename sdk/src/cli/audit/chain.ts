import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { faultOf } from '../../chain.ts'
import type { ChainFault, ChainHead } from '../../chain.ts'
import { ApiFailure } from '../../client.ts'
import type { Client } from '../../client.ts'
import { FIRST_PREV } from '../../contract/audit.ts'
import type { AuditRecord } from '../../contract/audit.ts'
import { CliFault } from '../base/fault.ts'

/** One chain of records, and what its end must be at least. */
export interface Chain {
  plane: string
  name: string
  key: KeyObject
  /** The highest sequence the gateway says it has: a chain that ends before was cut. */
  headSeq: number
}

export interface Finding {
  plane: string
  name: string
  records: number
  head: ChainHead
  /** The last record a signature of the plane vouches for, and with it for all before. Null when it signed none. */
  signedSeq: number | null
  /** The records after the last signed head: a plane that is well signs them within a minute. Null when there are none. */
  unsigned: { fromSeq: number; toSeq: number; fromMs: number; toMs: number } | null
  /** Bodies that were erased: their digests remain in the chain. */
  erased: number
  fault?: { seq: number; fault: Fault }
}

export type Fault = ChainFault['fault'] | 'foreign-record' | 'unreadable' | 'missing-end' | 'unsigned'

const pageRecords = 1000
/** Planes sign every minute while they write. */
const maxUnsignedMs = 10 * 60_000

/** Every chain the gateway keeps: one a data plane, and the control plane's own. */
export async function chainsOf(client: Client): Promise<Chain[]> {
  const { items } = await client.audit.chains()
  return items.map(({ plane, name, publicKey, seq }) => ({ plane, name, key: keyOf(publicKey, name), headSeq: seq }))
}

function keyOf(jwk: Record<string, unknown>, name: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new CliFault('internal', `The gateway gives no usable key of ${name}: its signatures cannot be checked.`, { cause })
  }
}

/** A chain page by page, oldest first. */
export async function* recordsOf(client: Client, plane: string): AsyncGenerator<AuditRecord> {
  let afterSeq = 0
  for (;;) {
    const { records } = await client.audit.chain({ plane, afterSeq, first: pageRecords })
    yield* records
    const last = records.at(-1)
    // A gateway that would answer with the same page for ever is stopped here; the chain's own check says what is wrong.
    if (!last || last.header.seq <= afterSeq) return
    afterSeq = last.header.seq
  }
}

/** Follows a chain from its first record to its end, and stops at the first thing wrong. */
export async function verifyChain(
  { plane, name, key, headSeq }: Chain,
  records: AsyncIterable<AuditRecord>,
  nowMs: number,
): Promise<Finding> {
  const found: Finding = { plane, name, records: 0, head: { seq: 0, hash: FIRST_PREV }, signedSeq: null, unsigned: null, erased: 0 }
  try {
    for await (const record of records) {
      const fault = check(found.head, record, plane, key)
      if (fault) return { ...found, fault }
      follow(found, record)
    }
  } catch (error) {
    const index = unreadableAt(error)
    if (index === undefined) throw error
    return { ...found, fault: { seq: found.head.seq + 1 + index, fault: 'unreadable' } }
  }
  if (found.head.seq < headSeq) return { ...found, fault: { seq: found.head.seq + 1, fault: 'missing-end' } }
  if (found.unsigned && isLate(found, nowMs)) return { ...found, fault: { seq: found.unsigned.fromSeq, fault: 'unsigned' } }
  return found
}

/** A chain that nobody signs can be made anew by whoever holds it. Its own times decide, or the clock where no signature was ever made. */
function isLate({ signedSeq, unsigned }: Finding, nowMs: number): boolean {
  if (!unsigned) return false
  const untilMs = signedSeq === null ? Math.max(nowMs, unsigned.toMs) : unsigned.toMs
  return untilMs - unsigned.fromMs > maxUnsignedMs
}

function check(head: ChainHead, record: AuditRecord, plane: string, key: KeyObject): Finding['fault'] {
  if (record.header.plane !== plane) return { seq: record.header.seq, fault: 'foreign-record' }
  return faultOf(head, record, key)
}

function follow(found: Finding, { hash, header, args, result }: AuditRecord): void {
  found.records++
  found.head = { seq: header.seq, hash }
  if (header.kind === 'head') found.signedSeq = header.seq - 1
  found.unsigned = header.kind === 'head' ? null : withOneMore(found.unsigned, header)
  if (args === undefined && header.argsDigest) found.erased++
  if (result === undefined && header.resultDigest) found.erased++
}

/** The times of a chain need not be in order: what counts is the earliest and the latest. */
const withOneMore = (unsigned: Finding['unsigned'], { seq, atMs }: AuditRecord['header']): Finding['unsigned'] => ({
  fromSeq: unsigned?.fromSeq ?? seq,
  toSeq: seq,
  fromMs: Math.min(unsigned?.fromMs ?? atMs, atMs),
  toMs: Math.max(unsigned?.toMs ?? atMs, atMs),
})

/** Which record of a page is none: the client refuses the whole page, and pages are asked for when the one before is verified. */
function unreadableAt(error: unknown): number | undefined {
  if (!(error instanceof ApiFailure && error.cause instanceof z.ZodError)) return undefined
  const index = error.cause.issues[0]?.path[1]
  return typeof index === 'number' ? index : 0
}

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

/** One chain of audit records, and the sequence number that it must at least reach. */
export interface Chain {
  plane: string
  name: string
  key: KeyObject
  /** The highest sequence number that the gateway reports. A chain that ends earlier was cut. */
  headSeq: number
}

/** The result of verifying one chain. Without `fault` the chain is whole. */
export interface Finding {
  plane: string
  name: string
  records: number
  head: ChainHead
  /** The last record that a signature covers, with all records before it. Null when there is no signature. */
  signedSeq: number | null
  /** The records after the last signature. A healthy plane signs within a minute. Null when there are none. */
  unsigned: { fromSeq: number; toSeq: number; fromMs: number; toMs: number } | null
  /** How many bodies were erased. Their digests remain in the chain. */
  erased: number
  fault?: { seq: number; fault: Fault }
}

export type Fault = ChainFault['fault'] | 'foreign-record' | 'unreadable' | 'missing-end' | 'unsigned'

const pageRecords = 1000
/** Planes sign every minute while they write, so a longer unsigned tail is a fault. */
const maxUnsignedMs = 10 * 60_000

/** Every chain that the gateway keeps: one per data plane, and the control plane's own. */
export async function readChains(client: Client): Promise<Chain[]> {
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

/** Reads a chain page by page, oldest record first. */
export async function* readRecords(client: Client, plane: string): AsyncGenerator<AuditRecord> {
  let afterSeq = 0
  for (;;) {
    const { records } = await client.audit.chain({ plane, afterSeq, first: pageRecords })
    yield* records
    const last = records.at(-1)
    // Ends when the gateway answers with the same page again. `verifyChain` reports what is wrong with it.
    if (!last || last.header.seq <= afterSeq) return
    afterSeq = last.header.seq
  }
}

/** Verifies a chain from its first record to its end, and stops at the first fault. */
export async function verifyChain(
  { plane, name, key, headSeq }: Chain,
  records: AsyncIterable<AuditRecord>,
  nowMs: number,
): Promise<Finding> {
  const finding: Finding = { plane, name, records: 0, head: { seq: 0, hash: FIRST_PREV }, signedSeq: null, unsigned: null, erased: 0 }
  try {
    for await (const record of records) {
      const fault = check(finding.head, record, plane, key)
      if (fault) return { ...finding, fault }
      addRecord(finding, record)
    }
  } catch (error) {
    const index = unreadableIndex(error)
    if (index === undefined) throw error
    return { ...finding, fault: { seq: finding.head.seq + 1 + index, fault: 'unreadable' } }
  }
  if (finding.head.seq < headSeq) return { ...finding, fault: { seq: finding.head.seq + 1, fault: 'missing-end' } }
  if (finding.unsigned && isOverdue(finding, nowMs)) return { ...finding, fault: { seq: finding.unsigned.fromSeq, fault: 'unsigned' } }
  return finding
}

/**
 * Has the chain gone unsigned for too long? Who holds an unsigned chain can forge it. The times of its records
 * decide; a chain that was never signed is also measured by the clock.
 */
function isOverdue({ signedSeq, unsigned }: Finding, nowMs: number): boolean {
  if (!unsigned) return false
  const untilMs = signedSeq === null ? Math.max(nowMs, unsigned.toMs) : unsigned.toMs
  return untilMs - unsigned.fromMs > maxUnsignedMs
}

function check(head: ChainHead, record: AuditRecord, plane: string, key: KeyObject): Finding['fault'] {
  if (record.header.plane !== plane) return { seq: record.header.seq, fault: 'foreign-record' }
  return faultOf(head, record, key)
}

function addRecord(finding: Finding, { hash, header, args, result }: AuditRecord): void {
  finding.records++
  finding.head = { seq: header.seq, hash }
  if (header.kind === 'head') finding.signedSeq = header.seq - 1
  finding.unsigned = header.kind === 'head' ? null : extendUnsigned(finding.unsigned, header)
  if (args === undefined && header.argsDigest) finding.erased++
  if (result === undefined && header.resultDigest) finding.erased++
}

/** Keeps the earliest and the latest time, because the times of a chain need not be in order. */
const extendUnsigned = (unsigned: Finding['unsigned'], { seq, atMs }: AuditRecord['header']): Finding['unsigned'] => ({
  fromSeq: unsigned?.fromSeq ?? seq,
  toSeq: seq,
  fromMs: Math.min(unsigned?.fromMs ?? atMs, atMs),
  toMs: Math.max(unsigned?.toMs ?? atMs, atMs),
})

/**
 * The index, in its page, of the record that breaks the contract. The client refuses the whole page; every page
 * before it is verified by then. Undefined for any other error.
 */
function unreadableIndex(error: unknown): number | undefined {
  if (!(error instanceof ApiFailure && error.cause instanceof z.ZodError)) return undefined
  const index = error.cause.issues[0]?.path[1]
  return typeof index === 'number' ? index : 0
}

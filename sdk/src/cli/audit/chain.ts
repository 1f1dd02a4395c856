import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { faultOf, sha256, standInFaultOf } from '../../chain.ts'
import type { ChainFault, ChainHead } from '../../chain.ts'
import { ApiFailure } from '../../client.ts'
import type { Client } from '../../client.ts'
import { FIRST_PREV, SET_APART, setApartText } from '../../contract/audit.ts'
import type { AuditHeader, AuditRecord, SetApart } from '../../contract/audit.ts'
import { CliFault } from '../base/fault.ts'

/** One chain of audit records, and the sequence number that it must at least reach. */
export interface Chain {
  plane: string
  name: string
  key: KeyObject
  /** The highest sequence number that the gateway reports. A chain that ends earlier was cut. */
  headSeq: number
}

/** The result of verifying one chain. Without `fault`, what is there is whole. */
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
  /** What nobody can prove of this chain, in sentences. Empty when everything is proven. */
  notVouchedFor: string[]
}

export type Fault =
  | ChainFault['fault']
  | 'foreign-record'
  | 'unreadable'
  | 'missing-end'
  | 'unsigned'
  | 'misfiled'
  | 'missing-record'
  | 'missing-chain'
  | 'exchanged-key'
  | 'never-joined'
  | 'waiting'
  | 'no-chain'
  | 'before-first'

/** A page of a chain. */
interface Page {
  /** Records, and what stands in for them, oldest first. */
  entries: (AuditRecord | SetApart)[]
  /** Absent when the gateway compared nothing, because it is of an older version. */
  misfiled?: { seq: number; columns: string[] }[] | undefined
  misdated?: number[] | undefined
}

const pageRecords = 1000
/** Planes sign every minute while they write, so a longer unsigned tail is a fault. */
const maxUnsignedMs = 10 * 60_000

/**
 * Every chain that the gateway keeps: one per data plane, and the control plane's own as the last. `strays` are what it
 * stores beside them.
 */
export async function readChains(client: Client): Promise<{ chains: Chain[]; strays: Stray[] }> {
  const { items, strays = [] } = await client.audit.chains()
  return { chains: items.map(({ plane, name, publicKey, seq }) => ({ plane, name, key: keyOf(publicKey, name), headSeq: seq })), strays }
}

/** Records that belong to no chain, by the plane whose id they have. */
export interface Stray {
  plane: string
  count: number
  /** The number of the first, which may be larger than a number holds. */
  seq: string
}

function keyOf(jwk: Record<string, unknown>, name: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch (cause) {
    throw new CliFault('internal', `The gateway gives no usable key of ${name}: its signatures cannot be checked.`, { cause })
  }
}

/** The thumbprint (RFC 7638) of an Ed25519 key (RFC 8037), base64url. */
export function thumbprintOf(key: KeyObject): string {
  const { crv, kty, x } = key.export({ format: 'jwk' })
  return Buffer.from(sha256(JSON.stringify({ crv, kty, x })), 'hex').toString('base64url')
}

const headerOf = (entry: AuditRecord | SetApart): AuditHeader => ('apart' in entry ? entry.apart : entry.header)

/** Reads a chain page by page, oldest record first. */
export async function* readPages(client: Client, plane: string): AsyncGenerator<Page> {
  let afterSeq = 0
  for (;;) {
    const { records, apart = [], misfiled, misdated } = await client.audit.chain({ plane, afterSeq, first: pageRecords })
    // The gateway's order is kept where nothing was set apart: an order that is wrong must be found.
    const entries = apart.length === 0 ? records : [...records, ...apart].sort((a, b) => headerOf(a).seq - headerOf(b).seq)
    yield { entries, misfiled, misdated }
    const last = entries.at(-1)
    // Ends when the gateway answers with the same page again. `verifyChain` reports what is wrong with it.
    if (!last || headerOf(last).seq <= afterSeq) return
    afterSeq = headerOf(last).seq
  }
}

/** Verifies a chain from its first record to its end, or to the first fault. `seen` gets every verified record. */
export async function verifyChain(
  chain: Chain,
  pages: AsyncIterable<Page>,
  nowMs: number,
  seen: (record: AuditRecord) => void = () => undefined,
): Promise<Finding> {
  const { plane, name, headSeq } = chain
  const finding: Finding = {
    plane,
    name,
    records: 0,
    head: { seq: 0, hash: FIRST_PREV },
    signedSeq: null,
    unsigned: null,
    erased: 0,
    notVouchedFor: [],
  }
  const state: State = { chain, finding, apart: new Map(), misdated: [], compared: true, seen }
  try {
    for await (const page of pages) {
      const fault = verifyPage(state, page)
      if (fault) return { ...finding, fault }
    }
  } catch (error) {
    const index = unreadableIndex(error)
    if (index === undefined) throw error
    return { ...finding, fault: { seq: finding.head.seq + 1 + index, fault: 'unreadable' } }
  }
  finding.notVouchedFor.push(...doubtsOf(state))
  if (finding.head.seq < headSeq) return { ...finding, fault: { seq: finding.head.seq + 1, fault: 'missing-end' } }
  const [unsaid] = [...state.apart].filter(([, { isSaid }]) => !isSaid)
  if (unsaid) return { ...finding, fault: { seq: unsaid[0], fault: 'missing-record' } }
  if (finding.unsigned && isOverdue(finding, nowMs)) return { ...finding, fault: { seq: finding.unsigned.fromSeq, fault: 'unsigned' } }
  return finding
}

interface State {
  chain: Chain
  finding: Finding
  /** Records that were set apart, and whether the plane itself says so in its chain. */
  apart: Map<number, { hash: string; isSaid: boolean }>
  misdated: number[]
  /** Whether the gateway compared the search index with every record. */
  compared: boolean
  seen: (record: AuditRecord) => void
}

function verifyPage(state: State, { entries, misfiled, misdated = [] }: Page): Finding['fault'] {
  const { finding, chain } = state
  const misfiledSeqs = new Set(misfiled?.map(({ seq }) => seq))
  for (const entry of entries) {
    const fault = check(finding.head, entry, chain)
    if (fault) return fault
    const { seq } = headerOf(entry)
    if (misfiledSeqs.has(seq)) return { seq, fault: 'misfiled' }
    addEntry(state, entry)
  }
  if (!misfiled && entries.length > 0) state.compared = false
  state.misdated.push(...misdated)
  // A row whose text is no header is among the misfiled alone.
  const [first] = misfiled ?? []
  return first && { seq: first.seq, fault: 'misfiled' }
}

function check(head: ChainHead, entry: AuditRecord | SetApart, { plane, key }: Chain): Finding['fault'] {
  const header = headerOf(entry)
  if (header.plane !== plane) return { seq: header.seq, fault: 'foreign-record' }
  return 'apart' in entry ? standInFaultOf(head, entry) : faultOf(head, entry, key)
}

function addEntry(state: State, entry: AuditRecord | SetApart): void {
  const { finding, apart } = state
  const header = headerOf(entry)
  finding.records++
  finding.head = { seq: header.seq, hash: entry.hash }
  if ('apart' in entry) {
    apart.set(header.seq, { hash: entry.hash, isSaid: false })
    finding.unsigned = extendUnsigned(finding.unsigned, header)
    return
  }
  if (header.kind === 'head') finding.signedSeq = header.seq - 1
  finding.unsigned = header.kind === 'head' ? null : extendUnsigned(finding.unsigned, header)
  if (entry.args === undefined && header.argsDigest) finding.erased++
  if (entry.result === undefined && header.resultDigest) finding.erased++
  if (header.reason === SET_APART) for (const [seq, said] of apart) if (header.detail === setApartText(seq, said.hash)) said.isSaid = true
  state.seen(entry)
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

/** Keeps the earliest and the latest time, because the times of a chain need not be in order. */
const extendUnsigned = (unsigned: Finding['unsigned'], { seq, atMs }: AuditHeader): Finding['unsigned'] => ({
  fromSeq: unsigned?.fromSeq ?? seq,
  toSeq: seq,
  fromMs: Math.min(unsigned?.fromMs ?? atMs, atMs),
  toMs: Math.max(unsigned?.toMs ?? atMs, atMs),
})

/** What the records alone leave open. */
function* doubtsOf({ apart, misdated, compared }: State): Generator<string> {
  const [firstApart] = apart.keys()
  if (firstApart !== undefined)
    yield `Records that could not be sent and lie in the folder spool/apart of the plane: ${apart.size}, from record ${firstApart} on.`
  if (misdated.length > 0)
    yield `Records that are filed under another time than they tell: ${misdated.length}, from record ${misdated[0]} on. Either the clock of the plane was wrong, or somebody moved them.`
  if (!compared) yield 'The gateway is of an older version: it does not compare the search index with the records.'
}

/**
 * The index, in its page, of the record that breaks the contract. The client refuses the whole page; every page
 * before it is verified by then. Undefined for any other error.
 */
function unreadableIndex(error: unknown): number | undefined {
  if (!(error instanceof ApiFailure && error.cause instanceof z.ZodError)) return undefined
  const index = error.cause.issues[0]?.path[1]
  return typeof index === 'number' ? index : 0
}

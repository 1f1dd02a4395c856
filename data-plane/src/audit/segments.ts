import { closeSync, fsyncSync, ftruncateSync, openSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { AUDIT_VERSION, AuditRecord, FIRST_PREV } from '@bir/sdk/contract/audit'
import { faultOf } from '@bir/sdk/chain'
import type { ChainFault, ChainHead } from '@bir/sdk/chain'
import { z } from 'zod'

/** A file of the spool. Its name is `<first sequence number>.ndjson`, so names sort in the order of the records. */
export interface Segment {
  readonly path: string
  readonly firstSeq: number
}

export const segmentPath = (dir: string, firstSeq: number): string => join(dir, `${String(firstSeq).padStart(16, '0')}.ndjson`)

export const segments = (dir: string): Segment[] =>
  readdirSync(dir)
    .filter((name) => /^\d{16}\.ndjson$/.test(name))
    .sort()
    .map((name) => ({ path: join(dir, name), firstSeq: Number.parseInt(name, 10) }))

export interface Recovered {
  readonly head: ChainHead
  /** The segment to continue. */
  readonly path: string
  /** Its length up to the end of the last record. */
  readonly bytes: number
  /** Attempts in this segment that have no end: their outcome is unknown. */
  readonly open: AuditRecord[]
  /** The newest version of a record in this segment; 1 when it has none. */
  readonly version: number
}

/**
 * Reads the newest segment, cuts off a torn last line (its answer was never sent) and finds the head.
 * Throws when a complete record is damaged: an administrator must look before anything is written behind it.
 */
export function recover(dir: string): Recovered {
  const allSegments = segments(dir)
  const last = allSegments.at(-1)
  if (!last) return { head: { seq: 0, hash: FIRST_PREV }, path: segmentPath(dir, 1), bytes: 0, open: [], version: 1 }
  const { isEmpty, head, bytes, isTorn, open, version } = readSegment(last)
  if (!isEmpty || allSegments.length === 1) {
    if (isTorn) truncateFile(last.path, bytes)
    return { head, path: last.path, bytes, open, version }
  }
  // The process ended before it wrote into this segment. The head is in the one before.
  unlinkSync(last.path)
  return recover(dir)
}

/** Reads a segment line by line, and keeps only attempts without an end. */
function readSegment({ path, firstSeq }: Segment) {
  const bytes = readFileSync(path)
  const attempts = new Map<string, AuditRecord>()
  let head: ChainHead | undefined
  let start = 0
  let version = 1
  for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
    const record = parse(bytes.toString('utf8', start, end), path)
    head ??= { seq: firstSeq - 1, hash: record.header.prev }
    const fault = faultOf(head, record)
    if (fault) throw damaged(fault, path)
    head = { seq: record.header.seq, hash: record.hash }
    version = Math.max(version, record.header.v)
    trackAttempt(attempts, record)
    start = end + 1
  }
  const emptyHead = { seq: firstSeq - 1, hash: FIRST_PREV }
  const open = [...attempts.values()]
  return { isEmpty: head === undefined, head: head ?? emptyHead, bytes: start, isTorn: start < bytes.length, open, version }
}

const newline = 10

function trackAttempt(attempts: Map<string, AuditRecord>, record: AuditRecord): void {
  const { kind, call = '' } = record.header
  if (kind === 'attempt') attempts.set(call, record)
  else if (kind === 'call') attempts.delete(call)
}

const damaged = ({ seq, fault }: ChainFault, path: string) =>
  new Error(`the audit spool is damaged at record ${seq} (${fault}) in ${path}; move the folder away and tell an administrator`)

function parse(line: string, path: string): AuditRecord {
  try {
    const value: unknown = JSON.parse(line)
    const version = Versioned.safeParse(value).data?.header.v ?? 1
    if (version > AUDIT_VERSION)
      throw new LaterSpool(`a later version of this software wrote the audit spool in ${path}: start that version`)
    return AuditRecord.parse(value)
  } catch (cause) {
    if (cause instanceof LaterSpool) throw cause
    throw new Error(`the audit spool has an unreadable record in ${path}; move the folder away and tell an administrator`, { cause })
  }
}

const Versioned = z.object({ header: z.object({ v: z.int() }) })

class LaterSpool extends Error {
  override readonly name = 'LaterSpool'
}

function truncateFile(path: string, bytes: number): void {
  const fd = openSync(path, 'r+')
  try {
    ftruncateSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

import { closeSync, fsyncSync, ftruncateSync, openSync, readdirSync, readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { AuditRecord, FIRST_PREV } from '@bir/sdk/contract/audit'
import { faultOf } from '@bir/sdk/chain'
import type { ChainHead } from '@bir/sdk/chain'

/** The spool's files: `<first sequence>.ndjson`, in order. */
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
  /** The segment to write on into, and its length. */
  readonly path: string
  readonly bytes: number
  /** Writes and destroys that were begun in it and have no end: their outcome is unknown. */
  readonly open: AuditRecord[]
}

/**
 * Reads the newest segment, cuts a torn last line (its answer never left) and finds the head.
 * Throws when a record before the last is damaged: somebody has to look before anything is written behind it.
 */
export function recover(dir: string): Recovered {
  const all = segments(dir)
  const last = all.at(-1)
  if (!last) return { head: { seq: 0, hash: FIRST_PREV }, path: segmentPath(dir, 1), bytes: 0, open: [] }
  const read = readSegment(last)
  if (read.records.length > 0 || all.length === 1) {
    if (read.torn) cut(last.path, read.bytes)
    return { head: read.head, path: last.path, bytes: read.bytes, open: withoutEnd(read.records) }
  }
  // Made, but nothing written into it: the head is in the one before.
  unlinkSync(last.path)
  return recover(dir)
}

function readSegment({ path, firstSeq }: Segment) {
  const text = readFileSync(path, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  const lines = text.slice(0, end).split('\n').slice(0, -1)
  const records: AuditRecord[] = []
  let head: ChainHead | undefined
  for (const line of lines) {
    const record = parse(line, path)
    head ??= { seq: firstSeq - 1, hash: record.header.prev }
    const fault = faultOf(head, record)
    if (fault)
      throw new Error(
        `the audit spool is damaged at record ${fault.seq} (${fault.fault}) in ${path}; move the folder away and tell an administrator`,
      )
    head = { seq: record.header.seq, hash: record.hash }
    records.push(record)
  }
  const start = { seq: firstSeq - 1, hash: FIRST_PREV }
  return { records, head: head ?? start, bytes: Buffer.byteLength(text.slice(0, end)), torn: end < text.length }
}

function parse(line: string, path: string): AuditRecord {
  try {
    return AuditRecord.parse(JSON.parse(line))
  } catch (cause) {
    throw new Error(`the audit spool has an unreadable record in ${path}; move the folder away and tell an administrator`, { cause })
  }
}

function withoutEnd(records: AuditRecord[]): AuditRecord[] {
  const ended = new Set(records.flatMap(({ header }) => (header.kind === 'call' ? (header.call ?? []) : [])))
  return records.filter(({ header }) => header.kind === 'attempt' && !ended.has(header.call ?? ''))
}

function cut(path: string, bytes: number): void {
  const fd = openSync(path, 'r+')
  try {
    ftruncateSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

import { closeSync, openSync, readSync } from 'node:fs'

/** The size of a batch, in bytes. A record that is longer is a batch of its own. */
export const BATCH_BYTES = 1_000_000
const newline = 10
const openingBrace = 123

export interface Batch {
  readonly bytes: Buffer
  readonly records: number
}

/** Reads batches of complete records from segments, into one buffer that the next batch overwrites. */
export class BatchReader {
  private readonly buffer = Buffer.allocUnsafe(BATCH_BYTES)

  /** The records from this offset on: as many as fit a batch, `max` at most. No record when none is complete. */
  read(path: string, offset: number, max: number): Batch {
    const fd = openSync(path, 'r')
    try {
      const bytes = this.buffer.subarray(0, readSync(fd, this.buffer, 0, BATCH_BYTES, offset))
      const batch = completeRecords(bytes, max)
      // The unused end of a segment is zeros. A record begins with a brace.
      const isCut = batch.records === 0 && bytes.length === BATCH_BYTES && bytes[0] === openingBrace
      return isCut ? longRecord(fd, offset, bytes) : batch
    } finally {
      closeSync(fd)
    }
  }
}

function completeRecords(bytes: Buffer, max: number): Batch {
  let end = 0
  let records = 0
  for (let at = bytes.indexOf(newline); at >= 0 && records < max; at = bytes.indexOf(newline, end)) {
    end = at + 1
    records++
  }
  return { bytes: bytes.subarray(0, end), records }
}

/** One record that is longer than a batch. Reads on to its end. */
function longRecord(fd: number, offset: number, beginning: Buffer): Batch {
  const parts = [Buffer.from(beginning)]
  for (let at = offset + beginning.length; ;) {
    const part = Buffer.allocUnsafe(BATCH_BYTES)
    const count = readSync(fd, part, 0, BATCH_BYTES, at)
    const end = part.subarray(0, count).indexOf(newline)
    parts.push(part.subarray(0, end < 0 ? count : end + 1))
    if (end >= 0) return { bytes: Buffer.concat(parts), records: 1 }
    if (count === 0) return { bytes: Buffer.alloc(0), records: 0 }
    at += count
  }
}

/** Where the version stands in a line: {"hash":"…64 digits…","header":{"v":1, */
const versionAt = '{"hash":"'.length + 64 + '","header":{"v":'.length
const one = 49

/** How many records of the batch, from the first on, have a header of version 1. */
export function recordsOfVersion1({ bytes, records }: Batch): number {
  let count = 0
  for (let at = 0; count < records && bytes[at + versionAt] === one; at = bytes.indexOf(newline, at) + 1) count++
  return count
}

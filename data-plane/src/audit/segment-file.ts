import { closeSync, constants, ftruncate, ftruncateSync, openSync, renameSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A start reads the newest segment whole: small ones keep it quick. */
export const SEGMENT_BYTES = 2 * 1024 * 1024
const zeros = Buffer.alloc(SEGMENT_BYTES)

/** For writing at a place: what appends would go behind the space that is reserved. */
export const openSegment = (path: string): number => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)

/**
 * Gives a segment its disk space before it is needed. Writing where there is space changes no size and allocates no block: a write
 * waits for no journal, and a sync brings out the data alone. What is reserved and not used is zeros, in which no line ends.
 * Where a disk is too full for that nothing is reserved: the segment grows as it is written, for as long as it can.
 */
export function reserve(fd: number, from: number): void {
  if (from >= SEGMENT_BYTES) return
  try {
    writeSync(fd, zeros, 0, SEGMENT_BYTES - from, from)
  } catch {
    giveBack(fd, from)
  }
}

/** What a reservation took before it failed is needed for records. */
function giveBack(fd: number, from: number): void {
  try {
    ftruncateSync(fd, from)
  } catch {
    // Zeros behind the last record harm nobody.
  }
}

/** The next segment, made off the loop while the one before is written. */
export class Spare {
  private readonly path: string
  private fd: number | undefined
  /** One try a segment: a full disk is not asked with every record. */
  private state: 'none' | 'making' | 'made' | 'failed' = 'none'

  constructor(dir: string) {
    this.path = join(dir, 'next')
  }

  /** Begins to make one, unless there is one or none could be made for this segment. */
  prepare(): void {
    if (this.state !== 'none') return
    this.state = 'failed'
    const fd = this.open()
    if (fd === undefined) return
    this.state = 'making'
    // It may be left over from a process before.
    ftruncate(fd, 0, (error) => (error ? this.made(fd, error) : write(fd, zeros, 0, SEGMENT_BYTES, 0, (failed) => this.made(fd, failed))))
  }

  /** Open under the name `path`; undefined where none was made, for want of space or time: then a segment grows as it is written. */
  take(path: string): number | undefined {
    const { fd } = this
    if (this.state === 'failed') this.state = 'none'
    if (fd === undefined) return undefined
    renameSync(this.path, path)
    this.fd = undefined
    this.state = 'none'
    return fd
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
  }

  private open(): number | undefined {
    try {
      return openSegment(this.path)
    } catch {
      return undefined // the spool goes on without
    }
  }

  private made(fd: number, error: Error | null): void {
    this.state = error ? 'failed' : 'made'
    if (!error) return void (this.fd = fd)
    giveBack(fd, 0)
    closeSync(fd)
  }
}

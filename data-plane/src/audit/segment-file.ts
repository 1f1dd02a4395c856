import { closeSync, constants, ftruncate, ftruncateSync, openSync, renameSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A start reads the whole newest segment, so small segments keep it quick. */
export const SEGMENT_BYTES = 2 * 1024 * 1024
const zeros = Buffer.alloc(SEGMENT_BYTES)

/** Opens a segment for writes at an offset. Append mode would write behind the reserved space. */
export const openSegment = (path: string): number => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)

/**
 * Fills a segment with zeros up to its full size, before records need the space. A write into reserved space changes
 * no size and allocates no block, so it does not wait for the file system's journal, and a sync writes only data.
 * Readers ignore unused zeros, because no line ends in them.
 * On a full disk nothing is reserved: the segment then grows as it is written.
 */
export function reserve(fd: number, from: number): void {
  if (from >= SEGMENT_BYTES) return
  try {
    writeSync(fd, zeros, 0, SEGMENT_BYTES - from, from)
  } catch {
    releaseReserved(fd, from)
  }
}

/** Frees the space of a reservation that failed halfway: records need it. */
function releaseReserved(fd: number, from: number): void {
  try {
    ftruncateSync(fd, from)
  } catch {
    // Zeros behind the last record do no harm.
  }
}

/** The next segment, prepared off the event loop while the current one is written. */
export class Spare {
  private readonly path: string
  private fd: number | undefined
  /** After a failure there is no further try for this segment: a full disk would fail with every record. */
  private state: 'none' | 'preparing' | 'ready' | 'failed' = 'none'

  constructor(dir: string) {
    this.path = join(dir, 'next')
  }

  /** Begins to prepare the file, unless that was tried for the current segment. */
  prepare(): void {
    if (this.state !== 'none') return
    this.state = 'failed'
    const fd = this.open()
    if (fd === undefined) return
    this.state = 'preparing'
    // A previous process may have left the file behind.
    ftruncate(fd, 0, (error) => {
      if (error) return this.settle(fd, error)
      write(fd, zeros, 0, SEGMENT_BYTES, 0, (writeError) => this.settle(fd, writeError))
    })
  }

  /** Renames the prepared file to `path` and returns its descriptor; undefined when none could be prepared in time. */
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
      return undefined // the spool continues without a prepared segment
    }
  }

  private settle(fd: number, error: Error | null): void {
    this.state = error ? 'failed' : 'ready'
    if (!error) return void (this.fd = fd)
    releaseReserved(fd, 0)
    closeSync(fd)
  }
}

import { closeSync, constants, ftruncate, openSync, renameSync, write, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A start reads the newest segment whole: small ones keep it quick. */
export const segmentBytes = 2 * 1024 * 1024
const zeros = Buffer.alloc(segmentBytes)

/** For writing at a place: what appends would go behind the space that is reserved. */
export const openSegment = (path: string): number => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)

/**
 * Gives a segment its disk space before it is needed. Writing where there is space changes no size and allocates no block: a write
 * waits for no journal, and a sync brings out the data alone. What is reserved and not used is zeros, in which no line ends.
 */
export function reserve(fd: number, from: number): void {
  if (from < segmentBytes) writeSync(fd, zeros, 0, segmentBytes - from, from)
}

/** The next segment, made off the loop while the one before is written. */
export class Spare {
  private readonly path: string
  private fd: number | undefined
  private making = false

  constructor(dir: string) {
    this.path = join(dir, 'next')
  }

  /** Begins to make one, unless there is one. */
  prepare(): void {
    if (this.making || this.fd !== undefined) return
    this.making = true
    const fd = openSegment(this.path)
    const made = (error: Error | null) => {
      this.making = false
      if (error) closeSync(fd)
      else this.fd = fd
    }
    // It may be left over from a process before.
    ftruncate(fd, 0, (error) => (error ? made(error) : write(fd, zeros, 0, segmentBytes, 0, made)))
  }

  /** Open under the name `path`; undefined where none was made, for want of space or time: then a segment grows as it is written. */
  take(path: string): number | undefined {
    const { fd } = this
    if (fd === undefined) return undefined
    renameSync(this.path, path)
    this.fd = undefined
    return fd
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
  }
}

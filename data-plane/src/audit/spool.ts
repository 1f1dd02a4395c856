import { closeSync, fdatasync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, writeSync } from 'node:fs'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { ChainHead } from '@bir/sdk/chain'
import type { AuditFields, Bodies } from './fields.ts'
import type { SpoolOrigin } from './line.ts'
import { nextLine } from './line.ts'
import { openSegment, reserve, SEGMENT_BYTES, Spare } from './segment-file.ts'
import { recover, segmentPath } from './segments.ts'
import type { Recovered } from './segments.ts'

const lazySyncMs = 40
/** However long the swarm, nobody waits for more turns of the loop than these. */
const maxTurns = 8

interface Waiter {
  synced: boolean
  resolve(): void
  reject(error: Error): void
}

/**
 * The append-only, hash-chained file that every record is in before its answer leaves.
 * Records that come together share one write(2); those that ask for it share one fdatasync, one flight at a time.
 */
export class Spool {
  private readonly dir: string
  private readonly origin: SpoolOrigin
  private readonly maxBytes: number
  private readonly spare: Spare
  private fd: number
  private offset: number
  private head: ChainHead
  private writtenHead: ChainHead
  private readonly scratch = Buffer.allocUnsafe(1024 * 1024)
  private pending = ''
  private waiters: Waiter[] = []
  private awaitingSync: Waiter[] = []
  private syncing = false
  private unsynced = false
  private lazySync: NodeJS.Timeout | undefined
  private broken: Error | undefined
  private backlogBytes = 0
  /** Called after records were written: the shipper has work. */
  onWritten: () => void = () => undefined

  private constructor(dir: string, origin: SpoolOrigin, maxBytes: number, { head, path, bytes }: Recovered) {
    this.dir = dir
    this.origin = origin
    this.maxBytes = maxBytes
    this.head = head
    this.writtenHead = head
    this.offset = bytes
    this.fd = openSegment(path)
    this.spare = new Spare(dir)
    reserve(this.fd, bytes)
  }

  /** Opens or makes the spool in `dir`; also gives the attempts whose end was never recorded. Throws when it is damaged. */
  static open(dir: string, origin: SpoolOrigin, maxBytes: number): { spool: Spool; recovered: Recovered } {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const recovered = recover(dir)
    return { spool: new Spool(dir, origin, maxBytes, recovered), recovered }
  }

  /** What the next record will follow. */
  get tip(): ChainHead {
    return this.head
  }

  /** The last record on disk. */
  get written(): ChainHead {
    return this.writtenHead
  }

  /** Throws `unavailable` when the next record could not be kept. Tries again after a failure, so that freed space heals it. */
  ready(): void {
    if (this.backlogBytes > this.maxBytes) throw unavailable(new Error('the audit backlog is at its limit'))
    if (this.broken) this.repair()
  }

  /** What the shipper has not delivered yet. */
  set backlog(bytes: number) {
    this.backlogBytes = bytes
  }

  append(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void> {
    this.ready()
    const next = nextLine(this.origin, this.head, fields, bodies)
    this.head = next.head
    if (this.pending === '') setImmediate(() => this.gather(0, 1))
    this.pending += next.line
    return new Promise((resolve, reject) => this.waiters.push({ synced, resolve, reject }))
  }

  /** Writes and syncs what is pending. */
  close(): void {
    this.write()
    clearTimeout(this.lazySync)
    ftruncateSync(this.fd, this.offset)
    fdatasyncSync(this.fd)
    closeSync(this.fd)
    this.spare.close()
  }

  /** Answers come in swarms: while each turn of the loop brings more records, they are awaited, and all go out by one write. */
  private gather(before: number, turn: number): void {
    const { length } = this.waiters
    if (length === before || turn === maxTurns) return this.write()
    setImmediate(() => this.gather(length, turn + 1))
  }

  private write(): void {
    if (this.pending === '') return
    const bytes = this.bytesOf(this.pending)
    const waiters = this.waiters
    this.pending = ''
    this.waiters = []
    try {
      this.rotate()
      writeAll(this.fd, bytes, this.offset)
    } catch (cause) {
      return this.fail(cause, waiters)
    }
    this.offset += bytes.length
    this.writtenHead = this.head
    this.unsynced = true
    if (this.offset > SEGMENT_BYTES / 2) this.spare.prepare()
    for (const waiter of waiters) {
      if (waiter.synced) this.awaitingSync.push(waiter)
      else waiter.resolve()
    }
    this.scheduleSync()
    this.onWritten()
  }

  /** Most writes fit the one buffer kept for them. */
  private bytesOf(text: string): Buffer {
    if (text.length * 3 > this.scratch.length) return Buffer.from(text)
    return this.scratch.subarray(0, this.scratch.write(text))
  }

  private scheduleSync(): void {
    if (this.syncing || !this.unsynced) return
    if (this.awaitingSync.length > 0) return this.sync()
    this.lazySync ??= setTimeout(() => this.sync(), lazySyncMs).unref()
  }

  private sync(): void {
    clearTimeout(this.lazySync)
    this.lazySync = undefined
    if (this.syncing) return
    this.syncing = true
    this.unsynced = false
    const waiters = this.awaitingSync
    this.awaitingSync = []
    fdatasync(this.fd, (error) => {
      this.syncing = false
      for (const waiter of waiters) {
        if (error) waiter.reject(unavailable(error))
        else waiter.resolve()
      }
      // What was not synced may be lost without notice on some file systems: nothing more is promised until it is written anew.
      if (error) this.broken = error
      else this.scheduleSync()
    })
  }

  /** Nothing of the failed write may stay: the chain goes on from the last record that is whole. */
  private fail(cause: unknown, waiters: Waiter[]): void {
    this.broken = cause instanceof Error ? cause : new Error(String(cause))
    this.head = this.writtenHead
    for (const waiter of waiters) waiter.reject(unavailable(this.broken))
  }

  private repair(): void {
    try {
      ftruncateSync(this.fd, this.offset)
      fsyncSync(this.fd)
      this.broken = undefined
    } catch (error) {
      throw unavailable(error)
    }
  }

  private rotate(): void {
    if (this.offset < SEGMENT_BYTES || this.syncing) return
    const full = this.fd
    ftruncateSync(full, this.offset)
    const path = segmentPath(this.dir, this.writtenHead.seq + 1)
    this.fd = this.spare.take(path) ?? openSegment(path)
    this.offset = 0
    // Whoever waits for a sync has it already: only what was promised soon is left, and is synced off the loop.
    fdatasync(full, (error) => {
      if (error) this.broken = error
      closeSync(full)
    })
  }
}

function writeAll(fd: number, bytes: Buffer, from: number): void {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done, from + done)
}

const unavailable = (cause: unknown) =>
  new GatewayError('unavailable', 'the audit spool cannot take a record', {
    publicMessage: 'This call cannot be recorded now, so it is not made. An administrator should look at the audit spool.',
    reason: 'audit-unavailable',
    cause,
  })

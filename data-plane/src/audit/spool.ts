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
/** No record waits longer than this many turns of the event loop, however many records arrive. */
const maxTurns = 8

/** A caller of `append` that waits for its record. */
interface Waiter {
  /** Whether to wait for the sync too. */
  synced: boolean
  resolve(): void
  reject(error: Error): void
}

/**
 * The append-only, hash-chained file that holds every record before its answer is sent.
 * Records that arrive together share one write(2). Records to be synced share one fdatasync; only one runs at a time.
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
  private fault: Error | undefined
  private backlogBytes = 0
  /**
   * The newest version of records that the control plane reads. The shipper sets it to what the control plane said.
   * Until then a record of version 2 in the recovered segment stands for it: either it was taken, or the records
   * wait for a control plane that takes it anyway.
   */
  readable: number
  /** Called after records were written. The shipper sets it. */
  onWritten: () => void = () => undefined

  private constructor(dir: string, origin: SpoolOrigin, maxBytes: number, { head, path, bytes, version }: Recovered) {
    this.dir = dir
    this.origin = origin
    this.maxBytes = maxBytes
    this.head = head
    this.writtenHead = head
    this.offset = bytes
    this.readable = version
    this.fd = openSegment(path)
    this.spare = new Spare(dir)
    reserve(this.fd, bytes)
  }

  /** Opens or creates the spool in `dir`. `recovered` has the attempts without an end. Throws when it is damaged. */
  static open(dir: string, origin: SpoolOrigin, maxBytes: number): { spool: Spool; recovered: Recovered } {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const recovered = recover(dir)
    return { spool: new Spool(dir, origin, maxBytes, recovered), recovered }
  }

  /** The record that the next one will follow. It may not be on disk yet. */
  get tip(): ChainHead {
    return this.head
  }

  /** The last record that was written. */
  get written(): ChainHead {
    return this.writtenHead
  }

  /** Throws `unavailable` when no record can be written now. After a fault every call checks whether it is over. */
  ready(): void {
    if (this.backlogBytes > this.maxBytes) throw unavailable(new Error('the audit backlog is at its limit'))
    if (this.fault) this.repair()
  }

  /** The bytes that the shipper has not delivered yet. */
  set backlog(bytes: number) {
    this.backlogBytes = bytes
  }

  append(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void> {
    this.ready()
    const next = nextLine(this.origin, this.head, fields, bodies, this.readable)
    this.head = next.head
    if (this.pending === '') setImmediate(() => this.gather(0, 1))
    this.pending += next.line
    return new Promise((resolve, reject) => this.waiters.push({ synced, resolve, reject }))
  }

  /** Writes and syncs pending records, and closes the file. */
  close(): void {
    this.write()
    clearTimeout(this.lazySync)
    ftruncateSync(this.fd, this.offset)
    fdatasyncSync(this.fd)
    closeSync(this.fd)
    this.spare.close()
  }

  /** Waits while each turn of the event loop brings more records, and then writes all of them at once. */
  private gather(previousLength: number, turn: number): void {
    const { length } = this.waiters
    if (length === previousLength || turn === maxTurns) return this.write()
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

  /** Encodes into one reused buffer, which most writes fit in. A character takes 3 bytes of UTF-8 at most. */
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
      // Some file systems drop data silently after a failed sync. So no record is accepted until `repair` succeeds.
      if (error) this.fault = error
      else this.scheduleSync()
    })
  }

  /** Discards a failed write. The chain continues from the last record that was written completely. */
  private fail(cause: unknown, waiters: Waiter[]): void {
    this.fault = cause instanceof Error ? cause : new Error(String(cause))
    this.head = this.writtenHead
    for (const waiter of waiters) waiter.reject(unavailable(this.fault))
  }

  private repair(): void {
    try {
      ftruncateSync(this.fd, this.offset)
      fsyncSync(this.fd)
      this.fault = undefined
    } catch (error) {
      throw unavailable(error)
    }
  }

  private rotate(): void {
    if (this.offset < SEGMENT_BYTES || this.syncing) return
    const fullFd = this.fd
    ftruncateSync(fullFd, this.offset)
    const path = segmentPath(this.dir, this.writtenHead.seq + 1)
    this.fd = this.spare.take(path) ?? openSegment(path)
    this.offset = 0
    // No caller waits for a sync of this file any more. Its last records are synced off the event loop.
    fdatasync(fullFd, (error) => {
      if (error) this.fault = error
      closeSync(fullFd)
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

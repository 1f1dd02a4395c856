import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { AuditReceipt } from '@bir/sdk/contract/audit'
import type { Log } from '../runtime/log.ts'
import { ControlError } from '../control/client.ts'
import type { ControlClient } from '../control/client.ts'
import { segments } from './segments.ts'
import type { Segment } from './segments.ts'
import type { Spool } from './spool.ts'

const batchBytes = 1_000_000
/** How long the first record after a pause waits for more records. */
const gatherMs = 50
/** The interval of batches while records keep coming. Each one costs the control plane a round trip to its database. */
const batchIntervalMs = 150
const maxBackOffMs = 30_000
const newline = 10

interface Options {
  dir: string
  spool: Spool
  control: ControlClient
  log: Log
}

/** The position of the next record to ship: its segment, its byte offset, its sequence number. */
interface Position {
  segment: Segment
  offset: number
  seq: number
}

/** The control plane's chain and ours have diverged. Until an administrator mends that, all records stay here. */
class DivergedChain extends Error {
  override readonly name = 'DivergedChain'
}

const remedy =
  'Nothing is shipped, and nothing is deleted. The disk of this plane, or the database of the control plane, was set back to an older state: ' +
  'restore it, or move the home folder of this plane away, keep it, and let the plane join anew.'

/**
 * Ships the spool to the control plane in batches, and retries until it succeeds. To send a record twice is harmless:
 * the control plane answers with the highest sequence number that it has stored.
 */
export class Shipper {
  private readonly options: Options
  private readonly buffer = Buffer.allocUnsafe(batchBytes)
  private position: Position | undefined
  private stored = 0
  private wake: () => void = () => undefined
  private failures = 0
  private divergence: DivergedChain | undefined
  private readonly closing = new AbortController()
  private readonly stop = new AbortController()
  private running: Promise<void> | undefined

  constructor(options: Options) {
    this.options = options
    options.spool.onWritten = () => this.wake()
  }

  /** A message for the administrator, without whom nothing will be shipped any more; undefined while all is well. */
  get warning(): string | undefined {
    return this.divergence?.message
  }

  /** `onEnd` is called when shipping ends by a mistake of ours: nothing would be shipped any more. */
  start(onEnd: (error: unknown) => void = () => undefined): void {
    this.running = this.run()
    this.running.catch(onEnd)
  }

  /** Ships the remaining records, for `maxMs` at most, and stops. Records that were not shipped stay in the spool. */
  async close(maxMs: number): Promise<void> {
    const timeout = setTimeout(() => this.stop.abort(), maxMs)
    this.closing.abort()
    this.wake()
    await this.running
    clearTimeout(timeout)
  }

  private async run(): Promise<void> {
    const { signal } = this.stop
    while (!signal.aborted) {
      try {
        if (!this.position) await this.findPosition()
        if (this.stored >= this.options.spool.written.seq && this.closing.signal.aborted) return
        if (this.stored >= this.options.spool.written.seq) await this.nextWrite()
        else await this.ship()
      } catch (error) {
        if (this.closing.signal.aborted) return
        this.onFailure(error)
        // An abort ends the wait; the loop then ends too.
        await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(this.failures, 10)), undefined, { signal }).catch(() => undefined)
      }
    }
  }

  private onSuccess(): void {
    if (this.failures > 0) this.options.log('info', 'audit is shipped again')
    this.failures = 0
    this.divergence = undefined
  }

  private onFailure(error: unknown): void {
    if (this.stop.signal.aborted) return
    this.failures++
    this.position = undefined
    const divergence = divergenceOf(error)
    if (divergence && !this.divergence) this.options.log('error', 'audit has parted from the control plane', { why: divergence.message })
    this.divergence ??= divergence
    this.countBacklog()
    if (this.divergence) return
    if (this.failures === 1 || this.failures % 30 === 0)
      this.options.log('warn', 'audit cannot be shipped', { why: String(error), failures: this.failures })
  }

  /** Waits for a write, and then a moment for more records. */
  private async nextWrite(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.wake = () => undefined
    await this.pause(gatherMs)
  }

  /** Ends early when the plane shuts down, so that the last records are shipped at once. */
  private async pause(ms: number): Promise<void> {
    // The loop in `run` checks whether the wait was aborted.
    await wait(ms, undefined, { signal: this.closing.signal }).catch(() => undefined)
  }

  /** Asks the control plane which records it has stored, and finds the next one in the spool. */
  private async findPosition(): Promise<void> {
    await this.send(Buffer.alloc(0))
    const { stored } = this
    const { seq: written } = this.options.spool.written
    if (stored > written)
      throw new DivergedChain(
        `The control plane holds ${stored} audit records of this plane, whose own spool ends at ${written}. ${remedy}`,
      )

    const allSegments = segments(this.options.dir)
    const segment = allSegments.findLast(({ firstSeq }) => firstSeq <= stored + 1) ?? allSegments[0]
    if (!segment) throw missingRecord(stored + 1)
    const position = { segment, offset: 0, seq: segment.firstSeq }
    while (position.seq <= stored) {
      const { bytes, records } = this.readBatch(position, stored - position.seq + 1)
      if (records === 0) throw missingRecord(position.seq)
      position.offset += bytes.length
      position.seq += records
    }
    this.position = position
  }

  private async ship(): Promise<void> {
    const { position } = this
    if (!position) return
    const { bytes, records } = this.readBatch(position, Infinity)
    if (records === 0) return this.nextSegment(position)
    const startedMs = performance.now()
    const { seq: written } = this.options.spool.written
    await this.send(bytes)
    if (this.stored !== position.seq + records - 1)
      throw new Error(`the control plane says it has ${this.stored} where ${position.seq + records - 1} was sent`)
    position.offset += bytes.length
    position.seq += records
    this.onSuccess()
    await this.deleteSegmentsBefore(position)
    // When records were left over, because they did not fit the batch, the next batch follows without a pause.
    if (this.stored >= written) await this.pause(Math.max(0, startedMs + batchIntervalMs - performance.now()))
  }

  /** Reads complete records from this position on: as many as fit a batch, `max` at most. */
  private readBatch({ segment, offset }: Position, max: number): { bytes: Buffer; records: number } {
    const fd = openSync(segment.path, 'r')
    try {
      const bytes = this.buffer.subarray(0, readSync(fd, this.buffer, 0, batchBytes, offset))
      let end = 0
      let records = 0
      for (let at = bytes.indexOf(newline); at >= 0 && records < max; at = bytes.indexOf(newline, end)) {
        end = at + 1
        records++
      }
      return { bytes: bytes.subarray(0, end), records }
    } finally {
      closeSync(fd)
    }
  }

  private async send(ndjson: Buffer): Promise<void> {
    const { bytes } = await this.options.control.post('/audit', ndjson, 'application/x-ndjson', this.stop.signal)
    this.stored = AuditReceipt.parse(JSON.parse(bytes.toString('utf8'))).stored
  }

  private nextSegment({ segment, seq }: Position): void {
    const next = segments(this.options.dir).find(({ firstSeq }) => firstSeq === seq && firstSeq !== segment.firstSeq)
    if (!next) throw missingRecord(seq)
    this.position = { segment: next, offset: 0, seq }
  }

  /**
   * Deletes the segments before the current one. The control plane has stored a record whose `prev` hash covers them.
   * The newest segment, which holds the head of the chain, is never deleted.
   */
  private async deleteSegmentsBefore({ segment }: Position): Promise<void> {
    const shipped = segments(this.options.dir).filter(({ firstSeq }) => firstSeq < segment.firstSeq)
    for (const { path } of shipped) await unlink(path) // off the event loop: to free megabytes takes milliseconds
    if (shipped.length > 0) this.countBacklog()
  }

  private countBacklog(): void {
    // After a divergence, the control plane's number belongs to another chain.
    const stored = this.divergence ? 0 : this.stored
    const unshipped = segments(this.options.dir).filter((_, at, all) => (all[at + 1]?.firstSeq ?? Infinity) > stored + 1)
    this.options.spool.backlog = unshipped.reduce((sum, { path }) => sum + statSync(path).size, 0)
  }
}

/** The control plane answers 409 when a record does not continue the chain it holds. */
function divergenceOf(error: unknown): DivergedChain | undefined {
  if (error instanceof DivergedChain) return error
  if (!(error instanceof ControlError) || error.status !== 409) return undefined
  return new DivergedChain(`The control plane refuses the audit records of this plane: they do not continue the chain it holds. ${remedy}`)
}

const missingRecord = (seq: number) => new Error(`record ${seq} is in no file of the audit spool`)

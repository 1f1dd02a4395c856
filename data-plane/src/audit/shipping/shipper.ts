import { statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { AUDIT_VERSION, AUDIT_VERSION_HEADER, AuditReceipt, MAX_AUDIT_RECORD_BYTES, MAX_AUDIT_WAIT_MS } from '@bir/sdk/contract/audit'
import type { Log } from '../../runtime/log.ts'
import { ControlError } from '../../control/client.ts'
import type { ControlClient } from '../../control/client.ts'
import { segments } from '../segments.ts'
import type { Segment } from '../segments.ts'
import type { Spool } from '../spool.ts'
import { BATCH_BYTES, BatchReader, recordsOfVersion1 } from './read-batch.ts'
import type { Batch } from './read-batch.ts'
import { ApartFolder, standInFor } from './set-apart.ts'
import { Waiting } from './waiting.ts'

/** How long the first record after a pause waits for more records. */
const gatherMs = 50
/** The interval of batches while records keep coming. Each one costs the control plane a round trip to its database. */
const batchIntervalMs = 150
const maxBackOffMs = 30_000
/** A record that fails so often, while the control plane answers everything else, is itself the reason. */
const maxFailuresOfRecord = 8
/** After so many failures of a batch its records are sent one by one. */
const maxFailuresOfBatch = 3
/** With these answers the control plane says that it will never take what was sent. */
const finalAnswers: ReadonlySet<number | undefined> = new Set([400, 413, 422])

interface Options {
  dir: string
  spool: Spool
  control: ControlClient
  log: Log
  /** Writes into the chain that this record was set apart, before what stands in for it is sent. */
  sayApart(seq: number, hash: string): Promise<void>
  nowMs?(): number
}

/** How far the control plane has what this plane recorded. */
export interface ShippingState {
  /** The sequence number of the last record that was written. */
  readonly written: number
  readonly stored: number
  /** How long the oldest record has waited to be stored; 0 when none waits. */
  readonly waitingMs: number
  /** How many records were set apart. */
  readonly apart: number
  /** What an administrator should know; undefined while all is well. */
  readonly warning: string | undefined
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
 * the control plane answers with the highest sequence number that it has stored. A record that cannot be sent is set
 * apart, and the records after it go on.
 */
export class Shipper {
  private readonly options: Options
  private readonly reader = new BatchReader()
  private readonly apart: ApartFolder
  private readonly waiting: Waiting
  /** Fewer than fit, after the control plane refused a batch: until the record that it refuses travels alone. */
  private maxRecords = Infinity
  private failuresHere = { seq: 0, count: 0 }
  private lastFailure: string | undefined
  private position: Position | undefined
  /** The control plane has another number of records than it had. */
  private isSetBack = false
  private stored = 0
  private wake: () => void = () => undefined
  private failures = 0
  private divergence: DivergedChain | undefined
  private readonly closing = new AbortController()
  private readonly stop = new AbortController()
  private running: Promise<void> | undefined

  constructor(options: Options) {
    this.options = options
    this.apart = new ApartFolder(options.dir)
    this.waiting = new Waiting(options.nowMs)
    this.noteWaiting()
    options.spool.onWritten = () => {
      this.noteWaiting()
      this.wake()
    }
  }

  get state(): ShippingState {
    const { written } = this.options.spool
    return {
      written: written.seq,
      stored: Math.min(this.stored, written.seq),
      waitingMs: Math.round(this.waiting.forMs),
      apart: this.apart.count,
      warning: this.warning,
    }
  }

  /**
   * Compares what the control plane says it has stored with what it was thought to have before it was asked. If it has
   * less, its database was set back; if it has more than was ever written, it holds another chain. Then it is asked
   * anew, and gets what it lacks, also while nothing is written.
   */
  compare(stored: number, sent: number): void {
    if (stored >= sent && stored <= this.options.spool.written.seq) return
    this.options.log('warn', 'the control plane has another number of audit records than it had', { stored, sent })
    this.isSetBack = true
    this.wake()
  }

  /** A message for the administrator; undefined while all is well. */
  get warning(): string | undefined {
    if (this.divergence) return this.divergence.message
    if (this.waiting.forMs > MAX_AUDIT_WAIT_MS) return this.waitingText()
    const apart = this.apart.count
    if (apart === 0) return undefined
    return `Audit records that could not be sent to the control plane: ${apart}. They lie in the folder spool/apart of this plane.`
  }

  private waitingText(): string {
    const { written } = this.options.spool
    const waitingS = Math.round(this.waiting.forMs / 1000)
    const why = this.lastFailure === undefined ? '' : `: ${this.lastFailure}`
    return `Audit records that the control plane has not stored: ${written.seq - this.stored}. The oldest has waited for ${waitingS} s${why}`
  }

  private noteWaiting(): void {
    this.waiting.note(this.stored, this.options.spool.written.seq)
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
        if (this.isSetBack) this.position = undefined
        this.isSetBack = false
        if (!this.position) await this.findPosition()
        if (this.hasSentAll && this.closing.signal.aborted) return
        if (this.hasSentAll) await this.nextWrite()
        else if (!this.isSetBack) await this.ship()
      } catch (error) {
        if (this.closing.signal.aborted) return
        this.onFailure(error)
        // An abort ends the wait; the loop then ends too.
        await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(this.failures, 10)), undefined, { signal }).catch(() => undefined)
      }
    }
  }

  private get hasSentAll(): boolean {
    return this.stored >= this.options.spool.written.seq && !this.isSetBack
  }

  private onSuccess(): void {
    if (this.failures > 0) this.options.log('info', 'audit is shipped again')
    this.failures = 0
    this.lastFailure = undefined
    this.divergence = undefined
  }

  private onFailure(error: unknown): void {
    if (this.stop.signal.aborted) return
    this.failures++
    this.position = undefined
    this.lastFailure = error instanceof Error ? error.message : String(error)
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
      const { bytes, records } = this.reader.read(position.segment.path, position.offset, stored - position.seq + 1)
      if (records === 0) throw missingRecord(position.seq)
      position.offset += bytes.length
      position.seq += records
    }
    this.position = position
    if (stored === written) this.onSuccess()
  }

  private async ship(): Promise<void> {
    const { position } = this
    if (!position) return
    const batch = this.readBatch(position)
    if (batch.records === 0) return this.nextSegment(position)
    const startedMs = performance.now()
    const { seq: written } = this.options.spool.written
    const refusal = await this.sendBatch(position, batch)
    if (refusal !== undefined && batch.records > 1) return
    if (refusal !== undefined) await this.refuseOlderControlPlane(batch)
    if (refusal !== undefined) await this.sendStandIn(position, batch.bytes, refusal)
    if (this.stored !== position.seq + batch.records - 1)
      throw new Error(`the control plane says it has ${this.stored} where ${position.seq + batch.records - 1} was sent`)
    position.offset += batch.bytes.length
    position.seq += batch.records
    this.maxRecords = this.maxRecords > BATCH_BYTES ? Infinity : this.maxRecords * 2
    this.onSuccess()
    await this.deleteSegmentsBefore(position)
    // When records were left over, because they did not fit the batch, the next batch follows without a pause.
    if (this.stored >= written) await this.pause(Math.max(0, startedMs + batchIntervalMs - performance.now()))
  }

  /**
   * Sends a batch. Resolves with the reason when these records will never be taken as they are: then the next batch is
   * smaller, or the record is set apart. Rejects when the same batch is worth another try.
   */
  private async sendBatch({ seq }: Position, { bytes, records }: Batch): Promise<string | undefined> {
    if (bytes.length > MAX_AUDIT_RECORD_BYTES)
      return `it has ${bytes.length} bytes, and no record may have more than ${MAX_AUDIT_RECORD_BYTES}`
    try {
      await this.send(bytes)
      return undefined
    } catch (error) {
      if (this.stop.signal.aborted || divergenceOf(error) || !(error instanceof ControlError)) throw error
      this.failuresHere = { seq, count: this.failuresHere.seq === seq ? this.failuresHere.count + 1 : 1 }
      const { count } = this.failuresHere
      const isFinal = finalAnswers.has(error.status)
      if (records === 1 && (isFinal || count >= maxFailuresOfRecord)) return error.message
      if (records > 1 && isFinal) this.maxRecords = Math.ceil(records / 2)
      else if (records > 1 && count >= maxFailuresOfBatch) this.maxRecords = 1
      if (records > 1 && isFinal) return error.message
      throw error
    }
  }

  /** Keeps the record in a file of its own, says so in the chain and in the log, and sends what stands in for it. */
  private async sendStandIn({ seq }: Position, record: Buffer, why: string): Promise<void> {
    const { log, sayApart } = this.options
    const standIn = standInFor(record, why)
    const isNew = !this.apart.has(seq)
    const path = this.apart.keep(seq, record)
    if (isNew) log('error', 'an audit record cannot be sent and is set apart', { seq, bytes: record.length, path, why })
    if (isNew) await sayApart(seq, standIn.hash)
    await this.send(Buffer.from(`${JSON.stringify(standIn)}\n`))
  }

  private async send(ndjson: Buffer): Promise<void> {
    const { bytes, headers } = await this.options.control.post('/audit', ndjson, 'application/x-ndjson', this.stop.signal)
    this.options.spool.readable = Number(headers[AUDIT_VERSION_HEADER] ?? 1)
    this.stored = AuditReceipt.parse(JSON.parse(bytes.toString('utf8'))).stored
    this.noteWaiting()
  }

  /** The next records that the control plane can read. One that it cannot read would only be set apart: it waits. */
  private readBatch({ segment, offset }: Position): Batch {
    const batch = this.reader.read(segment.path, offset, this.maxRecords)
    if (this.options.spool.readable >= AUDIT_VERSION || batch.records === 0) return batch
    const count = recordsOfVersion1(batch)
    if (count === 0) throw new Error(olderControlPlane)
    return count < batch.records ? this.reader.read(segment.path, offset, count) : batch
  }

  /**
   * Asks which version the control plane reads now, before a record is set apart. An older one may have taken its place
   * since the last receipt: it calls no record what only a later one reads.
   */
  private async refuseOlderControlPlane(record: Batch): Promise<void> {
    if (recordsOfVersion1(record) > 0) return
    await this.send(Buffer.alloc(0))
    if (this.options.spool.readable < AUDIT_VERSION) throw new Error(olderControlPlane)
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

const olderControlPlane =
  'The control plane is of an earlier version and does not know all that the next record says. The records wait here: update the control plane.'

const missingRecord = (seq: number) => new Error(`record ${seq} is in no file of the audit spool`)

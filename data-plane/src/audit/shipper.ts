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
/** After a time without records the first waits no longer than this for others. */
const gatherMs = 50
/** While records keep coming a batch leaves this often: one costs the control plane and its database a round, however little is in it. */
const everyMs = 150
const maxBackOffMs = 30_000
const newline = 10

interface Options {
  dir: string
  spool: Spool
  control: ControlClient
  log: Log
}

/** Where reading goes on: in which segment, at which byte, and which record begins there. */
interface Place {
  segment: Segment
  offset: number
  seq: number
}

/** The control plane's records and ours are not of one chain. Only a person can mend that, and until then every record of ours is kept. */
class Parted extends Error {
  override readonly name = 'Parted'
}

const whatToDo =
  'Nothing is shipped, and nothing is deleted. The disk of this plane, or the database of the control plane, was set back to an older state: ' +
  'restore it, or move the home folder of this plane away, keep it, and let the plane join anew.'

/** Brings the spool to the control plane, batch by batch, for as long as it takes. Sending twice is harmless: it answers the highest sequence it has. */
export class Shipper {
  private readonly options: Options
  private readonly buffer = Buffer.allocUnsafe(batchBytes)
  private place: Place | undefined
  private stored = 0
  private wake: () => void = () => undefined
  private failures = 0
  private parted: Parted | undefined
  private readonly closing = new AbortController()
  private readonly stop = new AbortController()
  private running: Promise<void> | undefined

  constructor(options: Options) {
    this.options = options
    options.spool.onWritten = () => this.wake()
  }

  /** What an administrator has to see to: without them nothing will be shipped again. */
  get warning(): string | undefined {
    return this.parted?.message
  }

  start(): void {
    this.running = this.run()
  }

  /** Ships what is left within the time, then stops. What is not shipped stays in the spool. */
  async close(withinMs: number): Promise<void> {
    const late = setTimeout(() => this.stop.abort(), withinMs)
    this.closing.abort()
    this.wake()
    await this.running
    clearTimeout(late)
  }

  private async run(): Promise<void> {
    const { signal } = this.stop
    while (!signal.aborted) {
      try {
        if (!this.place) await this.findPlace()
        if (this.stored >= this.options.spool.written.seq && this.closing.signal.aborted) return
        if (this.stored >= this.options.spool.written.seq) await this.nextWrite()
        else await this.ship()
      } catch (error) {
        if (this.closing.signal.aborted) return
        this.failed(error)
        await wait(Math.min(maxBackOffMs, 100 * 2 ** Math.min(this.failures, 10)), undefined, { signal }).catch(() => undefined) // the loop sees the abort
      }
    }
  }

  private succeeded(): void {
    if (this.failures > 0) this.options.log('info', 'audit is shipped again')
    this.failures = 0
    this.parted = undefined
  }

  private failed(error: unknown): void {
    if (this.stop.signal.aborted) return
    this.failures++
    this.place = undefined
    const parted = partedBy(error)
    if (parted && !this.parted) this.options.log('error', 'audit has parted from the control plane', { why: parted.message })
    this.parted ??= parted
    this.countBacklog()
    if (this.parted) return
    if (this.failures === 1 || this.failures % 30 === 0)
      this.options.log('warn', 'audit cannot be shipped', { why: String(error), failures: this.failures })
  }

  /** A moment is given for more records to come along. */
  private async nextWrite(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.wake = () => undefined
    await this.pause(gatherMs)
  }

  /** Ends early when the plane wants to end: then every record leaves at once. */
  private async pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.closing.signal }).catch(() => undefined) // the loop sees the abort
  }

  /** Asks how far the control plane is, and finds that record in the spool. */
  private async findPlace(): Promise<void> {
    await this.send(Buffer.alloc(0))
    const { stored } = this
    const { seq: written } = this.options.spool.written
    if (stored > written)
      throw new Parted(`The control plane holds ${stored} audit records of this plane, whose own spool ends at ${written}. ${whatToDo}`)

    const all = segments(this.options.dir)
    const segment = all.findLast(({ firstSeq }) => firstSeq <= stored + 1) ?? all[0]
    if (!segment) throw lost(stored + 1)
    const place = { segment, offset: 0, seq: segment.firstSeq }
    while (place.seq <= stored) {
      const { bytes, records } = this.next(place, stored - place.seq + 1)
      if (records === 0) throw lost(place.seq)
      place.offset += bytes.length
      place.seq += records
    }
    this.place = place
  }

  private async ship(): Promise<void> {
    const { place } = this
    if (!place) return
    const { bytes, records } = this.next(place, Infinity)
    if (records === 0) return this.nextSegment(place)
    const startedMs = performance.now()
    const { seq: written } = this.options.spool.written
    await this.send(bytes)
    if (this.stored !== place.seq + records - 1)
      throw new Error(`the control plane says it has ${this.stored} where ${place.seq + records - 1} was sent`)
    place.offset += bytes.length
    place.seq += records
    this.succeeded()
    await this.removeBefore(place)
    // What did not fit is sent at once.
    if (this.stored >= written) await this.pause(Math.max(0, startedMs + everyMs - performance.now()))
  }

  /** Whole records from there on: as many as fit a batch, at most so many. */
  private next({ segment, offset }: Place, max: number): { bytes: Buffer; records: number } {
    const fd = openSync(segment.path, 'r')
    try {
      const read = this.buffer.subarray(0, readSync(fd, this.buffer, 0, batchBytes, offset))
      let end = 0
      let records = 0
      for (let at = read.indexOf(newline); at >= 0 && records < max; at = read.indexOf(newline, end)) {
        end = at + 1
        records++
      }
      return { bytes: read.subarray(0, end), records }
    } finally {
      closeSync(fd)
    }
  }

  private async send(ndjson: Buffer): Promise<void> {
    const { bytes } = await this.options.control.post('/audit', ndjson, 'application/x-ndjson', this.stop.signal)
    this.stored = AuditReceipt.parse(JSON.parse(bytes.toString('utf8'))).stored
  }

  private nextSegment({ segment, seq }: Place): void {
    const following = segments(this.options.dir).find(({ firstSeq }) => firstSeq === seq && firstSeq !== segment.firstSeq)
    if (!following) throw lost(seq)
    this.place = { segment: following, offset: 0, seq }
  }

  /** A record was taken that names by its hash the one before: only then do the segments before go. The newest, which holds the chain's head, never does. */
  private async removeBefore({ segment }: Place): Promise<void> {
    const done = segments(this.options.dir).filter(({ firstSeq }) => firstSeq < segment.firstSeq)
    for (const { path } of done) await unlink(path) // megabytes take milliseconds to free: not on the loop that answers
    if (done.length > 0) this.countBacklog()
  }

  private countBacklog(): void {
    const stored = this.parted ? 0 : this.stored // of another chain: it says nothing of ours
    const waiting = segments(this.options.dir).filter((_, at, all) => (all[at + 1]?.firstSeq ?? Infinity) > stored + 1)
    this.options.spool.backlog = waiting.reduce((sum, { path }) => sum + statSync(path).size, 0)
  }
}

/** The control plane answers 409 when a record does not continue the chain it holds. */
function partedBy(error: unknown): Parted | undefined {
  if (error instanceof Parted) return error
  if (!(error instanceof ControlError) || error.status !== 409) return undefined
  return new Parted(`The control plane refuses the audit records of this plane: they do not continue the chain it holds. ${whatToDo}`)
}

const lost = (seq: number) => new Error(`record ${seq} is in no file of the audit spool`)

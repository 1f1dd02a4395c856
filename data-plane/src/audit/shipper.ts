import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { AuditReceipt } from '@bir/sdk/contract/audit'
import type { Log } from '../log.ts'
import type { Control } from '../policy/control.ts'
import { segments } from './segments.ts'
import type { Segment } from './segments.ts'
import type { Spool } from './spool.ts'

const batchBytes = 1_000_000
const gatherMs = 50
const mostBackOffMs = 30_000
const newline = 10

interface Options {
  dir: string
  spool: Spool
  control: Control
  log: Log
}

/** Where reading goes on: in which segment, at which byte, and which record begins there. */
interface Place {
  segment: Segment
  offset: number
  seq: number
}

/** Brings the spool to the control plane, batch by batch, for as long as it takes. Sending twice is harmless: it answers the highest sequence it has. */
export class Shipper {
  private readonly options: Options
  private readonly buffer = Buffer.allocUnsafe(batchBytes)
  private place: Place | undefined
  private stored = 0
  private wake: () => void = () => undefined
  private failures = 0
  private closing = false
  private readonly stop = new AbortController()
  private running: Promise<void> | undefined

  constructor(options: Options) {
    this.options = options
    options.spool.onWritten = () => this.wake()
  }

  start(): void {
    this.running = this.run()
  }

  /** Ships what is left within the time, then stops. What is not shipped stays in the spool. */
  async close(withinMs: number): Promise<void> {
    const late = setTimeout(() => this.stop.abort(), withinMs)
    this.closing = true
    this.wake()
    await this.running
    clearTimeout(late)
  }

  private async run(): Promise<void> {
    const { signal } = this.stop
    while (!signal.aborted) {
      try {
        if (!this.place) await this.findPlace()
        if (this.stored >= this.options.spool.written.seq && this.closing) return
        if (this.stored >= this.options.spool.written.seq) await this.nextWrite()
        else await this.ship()
        if (this.failures > 0) this.options.log('info', 'audit is shipped again')
        this.failures = 0
      } catch (error) {
        if (this.closing) return
        this.failed(error)
        await wait(Math.min(mostBackOffMs, 100 * 2 ** Math.min(this.failures, 10)), undefined, { signal }).catch(() => undefined) // the loop sees the abort
      }
    }
  }

  private failed(error: unknown): void {
    if (this.stop.signal.aborted) return
    this.failures++
    this.place = undefined
    this.countBacklog()
    if (this.failures === 1 || this.failures % 30 === 0)
      this.options.log('warn', 'audit cannot be shipped', { why: String(error), failures: this.failures })
  }

  /** A moment is given for more records to come along. */
  private async nextWrite(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.wake = () => undefined
    await wait(gatherMs, undefined, { signal: this.stop.signal }).catch(() => undefined) // the loop sees the abort
  }

  /** Asks how far the control plane is, and finds that record in the spool. */
  private async findPlace(): Promise<void> {
    await this.send(Buffer.alloc(0))
    const all = segments(this.options.dir)
    const segment = all.findLast(({ firstSeq }) => firstSeq <= this.stored + 1) ?? all[0]
    if (!segment) return
    this.place = { segment, offset: 0, seq: segment.firstSeq }
    while (this.place.seq <= this.stored) {
      const { bytes, records } = this.next(this.place, this.stored - this.place.seq + 1)
      if (records === 0) return
      this.place.offset += bytes.length
      this.place.seq += records
    }
  }

  private async ship(): Promise<void> {
    const { place } = this
    if (!place) return
    const { bytes, records } = this.next(place, Infinity)
    if (records === 0) return this.nextSegment(place)
    await this.send(bytes)
    if (this.stored !== place.seq + records - 1)
      throw new Error(`the control plane says it has ${this.stored} where ${place.seq + records - 1} was sent`)
    place.offset += bytes.length
    place.seq += records
  }

  /** Whole records from there on: as many as fit a batch, at most so many. */
  private next({ segment, offset }: Place, most: number): { bytes: Buffer; records: number } {
    const fd = openSync(segment.path, 'r')
    try {
      const read = this.buffer.subarray(0, readSync(fd, this.buffer, 0, batchBytes, offset))
      let end = 0
      let records = 0
      for (let at = read.indexOf(newline); at >= 0 && records < most; at = read.indexOf(newline, end)) {
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

  /** A segment that is read to its end, all of it stored, may go: but never the newest, which holds the head of the chain. */
  private async nextSegment({ segment, seq }: Place): Promise<void> {
    const following = segments(this.options.dir).find(({ firstSeq }) => firstSeq === seq && firstSeq !== segment.firstSeq)
    if (!following || following.firstSeq > this.options.spool.written.seq) return
    await unlink(segment.path) // megabytes take milliseconds to free: not on the loop that answers
    this.place = { segment: following, offset: 0, seq }
    this.countBacklog()
  }

  private countBacklog(): void {
    const waiting = segments(this.options.dir).filter((_, at, all) => (all[at + 1]?.firstSeq ?? Infinity) > this.stored + 1)
    this.options.spool.backlog = waiting.reduce((sum, { path }) => sum + statSync(path).size, 0)
  }
}

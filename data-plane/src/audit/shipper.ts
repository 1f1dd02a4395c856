import { createReadStream, statSync, unlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
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

interface Options {
  dir: string
  spool: Spool
  control: Control
  log: Log
}

/** Brings the spool to the control plane, batch by batch, for as long as it takes. Sending twice is harmless: it answers the highest sequence it has. */
export class Shipper {
  private readonly options: Options
  private stored = 0
  private wake: () => void = () => undefined
  private failures = 0
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
    while (this.stored < this.options.spool.written.seq && !this.stop.signal.aborted && this.failures === 0)
      await this.ship().catch(() => this.stop.abort())
    clearTimeout(late)
    this.stop.abort()
    this.wake()
    await this.running
  }

  private async run(): Promise<void> {
    const { signal } = this.stop
    await this.send('').catch((error: unknown) => this.failed(error))
    while (!signal.aborted) {
      try {
        if (this.stored >= this.options.spool.written.seq) await this.nextWrite()
        if (signal.aborted) return
        await this.ship()
        if (this.failures > 0) this.options.log('info', 'audit is shipped again')
        this.failures = 0
      } catch (error) {
        this.failed(error)
        await wait(Math.min(mostBackOffMs, 100 * 2 ** Math.min(this.failures, 10)), undefined, { signal }).catch(() => undefined) // the loop sees the abort
      }
    }
  }

  private failed(error: unknown): void {
    if (this.stop.signal.aborted) return
    this.failures++
    this.options.spool.backlog = backlogOf(segments(this.options.dir), this.stored)
    if (this.failures === 1 || this.failures % 30 === 0)
      this.options.log('warn', 'audit cannot be shipped', { why: String(error), failures: this.failures })
  }

  /** A moment is given for more records to come along. */
  private async nextWrite(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.wake = resolve
    })
    this.wake = () => undefined
    await wait(gatherMs, undefined, { signal: this.stop.signal }).catch(() => undefined)
  }

  private async ship(): Promise<void> {
    const all = segments(this.options.dir)
    const from = all.findLastIndex(({ firstSeq }) => firstSeq <= this.stored + 1)
    for (const segment of all.slice(Math.max(0, from))) await this.shipSegment(segment)
    this.forget(segments(this.options.dir))
    this.options.spool.backlog = backlogOf(segments(this.options.dir), this.stored)
  }

  private async shipSegment({ path, firstSeq }: Segment): Promise<void> {
    const last = this.options.spool.written.seq
    let batch: string[] = []
    let bytes = 0
    let seq = firstSeq - 1
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      seq++
      if (seq > last) break
      if (seq <= this.stored) continue
      if (bytes + line.length > batchBytes) {
        await this.send(batch.join(''))
        batch = []
        bytes = 0
      }
      batch.push(`${line}\n`)
      bytes += line.length
    }
    if (batch.length > 0) await this.send(batch.join(''))
  }

  private async send(ndjson: string): Promise<void> {
    const { bytes } = await this.options.control.post('/audit', ndjson, 'application/x-ndjson', this.stop.signal)
    this.stored = AuditReceipt.parse(JSON.parse(bytes.toString('utf8'))).stored
  }

  /** What is stored there may go here, but for the newest segment: it holds the head of the chain. */
  private forget(all: Segment[]): void {
    for (const [at, { path }] of all.entries()) {
      const next = all[at + 1]
      if (next && next.firstSeq <= this.options.spool.written.seq && next.firstSeq - 1 <= this.stored) unlinkSync(path)
    }
  }
}

const backlogOf = (all: Segment[], stored: number) =>
  all.filter((_, at) => (all[at + 1]?.firstSeq ?? Infinity) > stored + 1).reduce((sum, { path }) => sum + statSync(path).size, 0)

import { auditFieldsOf } from './fields.ts'
import type { AuditFields, Bodies, Journal } from './fields.ts'
import type { Recovered } from './segments.ts'
import type { Spool } from './spool.ts'

const maxRefusalsPerSecond = 50
const headIntervalMs = 60_000

interface Options {
  spool: Spool
  /** Signs the hash of the chain's head: EdDSA, base64url. */
  sign(hash: string): string
  now?: () => number
}

/** Writes records into the spool: calls, attempts, boots, signed heads, and sums of refusals. */
export class SpoolJournal implements Journal {
  private readonly spool: Spool
  private readonly sign: Options['sign']
  private readonly now: () => number
  private second = 0
  private refusals = 0
  private signedSeq = 0
  private readonly headTimer: NodeJS.Timeout

  constructor({ spool, sign, now = Date.now }: Options) {
    this.spool = spool
    this.sign = sign
    this.now = now
    this.headTimer = setInterval(() => this.sweep(), headIntervalMs).unref()
  }

  /**
   * Records the start of the process, and an end for each attempt that the last process left open.
   * Signs the head at once, because a killed process could not sign its last records.
   */
  async begin({ open }: Recovered): Promise<void> {
    await this.record({ kind: 'boot', atMs: this.now() }, {}, true)
    for (const { header } of open) {
      const end = { kind: 'call', atMs: this.now(), outcome: 'unknown', reason: 'process-ended' } as const
      await this.record({ ...auditFieldsOf(header), ...end }, {}, true)
    }
    await this.signHead()
  }

  ready(): void {
    this.spool.ready()
  }

  record(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void> {
    return this.spool.append(fields, bodies, synced)
  }

  /** Records 50 refusals a second at most, and beyond that their count: unknown senders must not fill the disk. */
  async refusal(fields: AuditFields, bodies: Bodies): Promise<void> {
    const second = Math.floor(this.now() / 1000)
    if (second !== this.second) await this.sumUp(second)
    this.refusals++
    if (this.refusals <= maxRefusalsPerSecond) await this.record(fields, bodies, false)
    else if (this.refusals === maxRefusalsPerSecond + 1) setTimeout(() => void this.sumUpLate(second), 1000).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.headTimer)
    await this.sumUp(0)
    await this.signHead()
    this.spool.close()
  }

  /** Sums up a second when no refusal followed it. A refusal in a later second has already summed up this one. */
  private async sumUpLate(second: number): Promise<void> {
    if (this.second === second) await this.sumUp(second + 1).catch(() => undefined)
  }

  private async sumUp(second: number): Promise<void> {
    const count = this.refusals - maxRefusalsPerSecond
    this.second = second
    this.refusals = 0
    if (count > 0) await this.record({ kind: 'refusals', atMs: this.now(), outcome: 'refused', count }, {}, false)
  }

  private sweep(): void {
    this.signHead().catch(() => undefined) // the spool reports the fault to the next call
  }

  private async signHead(): Promise<void> {
    const { seq, hash } = this.spool.tip
    if (seq === this.signedSeq) return
    this.signedSeq = seq + 1
    await this.record({ kind: 'head', atMs: this.now(), signature: this.sign(hash) }, {}, true)
  }
}

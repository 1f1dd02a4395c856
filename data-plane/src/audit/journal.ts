import type { AuditFields, Bodies, Journal } from './fields.ts'
import type { Recovered } from './segments.ts'
import type { Spool } from './spool.ts'

const refusalsPerSecond = 50
const headEveryMs = 60_000

interface Options {
  spool: Spool
  /** EdDSA over the head's hash, base64url. */
  sign(hash: string): string
  now?: () => number
}

/** Writes what happened into the spool, in the shapes the house knows: calls, attempts, boots, signed heads, summed refusals. */
export class SpoolJournal implements Journal {
  private readonly spool: Spool
  private readonly sign: Options['sign']
  private readonly now: () => number
  private second = 0
  private refusals = 0
  private signedSeq = 0
  private readonly heads: NodeJS.Timeout

  constructor({ spool, sign, now = Date.now }: Options) {
    this.spool = spool
    this.sign = sign
    this.now = now
    this.heads = setInterval(() => this.sweep(), headEveryMs).unref()
  }

  /** The first record of a process start; then an end for each attempt the last process left open. Signed at once: what the last one could not sign any more waits no longer. */
  async begin({ open }: Recovered): Promise<void> {
    await this.record({ kind: 'boot', atMs: this.now() }, {}, true)
    for (const { header } of open) {
      const { kind: _kind, seq: _seq, prev: _prev, boot: _boot, v: _v, plane: _plane, argsBytes: _a, argsDigest: _b, ...fields } = header
      await this.record({ ...fields, kind: 'call', atMs: this.now(), outcome: 'unknown', reason: 'process-ended' }, {}, true)
    }
    await this.signHead()
  }

  ready(): void {
    this.spool.ready()
  }

  record(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void> {
    return this.spool.append(fields, bodies, synced)
  }

  /** Somebody unknown cannot fill the disk: beyond 50 a second they are counted, and the count is recorded. */
  async refusal(fields: AuditFields, bodies: Bodies): Promise<void> {
    const second = Math.floor(this.now() / 1000)
    if (second !== this.second) await this.sumUp(second)
    this.refusals++
    if (this.refusals <= refusalsPerSecond) await this.record(fields, bodies, false)
    else if (this.refusals === refusalsPerSecond + 1) setTimeout(() => void this.sumUpLate(second), 1000).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.heads)
    await this.sumUp(0)
    await this.signHead()
    this.spool.close()
  }

  /** When nobody came in the seconds after; whoever did has summed up already, and the count is of their second. */
  private async sumUpLate(second: number): Promise<void> {
    if (this.second === second) await this.sumUp(second + 1).catch(() => undefined)
  }

  private async sumUp(second: number): Promise<void> {
    const count = this.refusals - refusalsPerSecond
    this.second = second
    this.refusals = 0
    if (count > 0) await this.record({ kind: 'refusals', atMs: this.now(), outcome: 'refused', count }, {}, false)
  }

  private sweep(): void {
    this.signHead().catch(() => undefined) // the spool says so itself, to the next call
  }

  private async signHead(): Promise<void> {
    const { seq, hash } = this.spool.tip
    if (seq === this.signedSeq) return
    this.signedSeq = seq + 1
    await this.record({ kind: 'head', atMs: this.now(), signature: this.sign(hash) }, {}, true)
  }
}

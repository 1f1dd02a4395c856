import { SET_APART, setApartText } from '@bir/sdk/contract/audit'
import { Refusals } from '@bir/sdk/refusals'
import type { About } from '@bir/sdk/refusals'
import { auditFieldsOf } from './fields.ts'
import type { AuditFields, Bodies, Journal } from './fields.ts'
import type { Recovered } from './segments.ts'
import type { Spool } from './spool.ts'

const headIntervalMs = 60_000
/** The spool writes records that arrive together at once. */
const sumsAtOnce = 100

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
  private readonly refusals: Refusals
  private signedSeq = 0
  private readonly headTimer: NodeJS.Timeout

  constructor({ spool, sign, now = Date.now }: Options) {
    this.spool = spool
    this.sign = sign
    this.now = now
    this.refusals = new Refusals(
      ({ about, ...sum }) => this.record({ kind: 'refusals', atMs: now(), ...about, outcome: 'refused', ...sum }, {}, false),
      { now, atOnce: sumsAtOnce },
    )
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

  /** Records the first refusals of a second, and the number of the rest: nobody who is refused may fill the disk. */
  async refusal(fields: AuditFields, bodies: Bodies, synced = false): Promise<void> {
    if (this.refusals.admits(aboutOf(fields))) await this.record(fields, bodies, synced)
  }

  /** Says in the chain, under a signature, that a record could not be sent to the control plane. */
  sayApart(seq: number, hash: string): Promise<void> {
    return this.appendHead({ reason: SET_APART, detail: setApartText(seq, hash) })
  }

  /** Writes what was only counted, and signs the chain. Nothing but `close` may follow. */
  async end(): Promise<void> {
    clearInterval(this.headTimer)
    await this.refusals.flush()
    await this.signHead()
  }

  async close(): Promise<void> {
    await this.end()
    this.spool.close()
  }

  private sweep(): void {
    this.signHead().catch(() => undefined) // the spool reports the fault to the next call
  }

  private async signHead(): Promise<void> {
    if (this.spool.tip.seq !== this.signedSeq) await this.appendHead({})
  }

  private async appendHead(fields: Pick<AuditFields, 'reason' | 'detail'>): Promise<void> {
    const { seq, hash } = this.spool.tip
    this.signedSeq = seq + 1
    await this.record({ kind: 'head', atMs: this.now(), ...fields, signature: this.sign(hash) }, {}, true)
  }
}

/** What tells a refusal apart. Whoever has no token of the gateway is a stranger. */
function aboutOf({ subject, handle, client, tokenId, sessionId, reason }: AuditFields): About {
  const why = reason === undefined ? {} : { reason }
  if (subject === undefined) return why
  return {
    subject,
    ...(handle !== undefined && { handle }),
    ...(client !== undefined && { client }),
    ...(tokenId !== undefined && { tokenId }),
    ...(sessionId !== undefined && { sessionId }),
    ...why,
  }
}

import { AUDIT_STORED_HEADER, MAX_AUDIT_WAIT_MS } from '@bir/sdk/contract/audit'
import { boundText } from '@bir/sdk/contract/audit-limits'
import { AUDIT_REPORT_EVERY_MS } from '@bir/sdk/contract/internal'
import type { Ack, AuditReport } from '@bir/sdk/contract/internal'
import { ControlError } from '../../control/client.ts'
import type { ControlClient } from '../../control/client.ts'
import type { Log } from '../../runtime/log.ts'
import type { ShippingState } from './shipper.ts'

interface Options {
  control: Pick<ControlClient, 'post'>
  state(): ShippingState
  /** How many calls were served by tokens that nobody could renew. */
  offlineCalls?(): number
  /** Called with the last record that the control plane has. `sent` is the one that it was thought to have before. */
  onStored(stored: number, sent: number): void
  log: Log
  nowMs?(): number
}

const lookEveryMs = 1000
const againAfterMs = 10_000
const maxWhyChars = 500
const maxPostMs = 5_000

/**
 * Tells the control plane how far this plane has written its audit: twice a minute, and when something is wrong or well
 * again. So the control plane knows of records that it does not get.
 */
export class AuditReporter {
  private readonly options: Options
  private readonly nowMs: () => number
  private told: { concern: string; atMs: number } | undefined
  private notBeforeMs = 0
  private isFailing = false
  private turn: Promise<void> = Promise.resolve()
  private timer: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.options = options
    this.nowMs = options.nowMs ?? (() => performance.now())
  }

  start(): void {
    this.timer = setInterval(() => this.tellInPassing(), lookEveryMs).unref()
    this.tellInPassing()
  }

  private tellInPassing(): void {
    this.tell().catch((error: unknown) => this.options.log('error', 'the audit report failed', { why: String(error) }))
  }

  /** Posts a report if one is due. One at a time; after a fault the next try waits. */
  tell(): Promise<void> {
    this.turn = this.turn.then(() => this.tellIfDue(false))
    return this.turn
  }

  /** Tells that the plane stops, and how far it came. */
  end(): Promise<void> {
    clearInterval(this.timer)
    this.turn = this.turn.then(() => this.tellIfDue(true))
    return this.turn
  }

  private async tellIfDue(ended: boolean): Promise<void> {
    const nowMs = this.nowMs()
    const { written, stored, waitingMs, apart, warning } = this.options.state()
    // The numbers in a warning change all the time, and are no reason to tell it again.
    const concern = `${apart} ${waitingMs > MAX_AUDIT_WAIT_MS} ${warning === undefined}`
    const isNew = this.told === undefined || concern !== this.told.concern || nowMs - this.told.atMs >= AUDIT_REPORT_EVERY_MS
    if (!ended && (!isNew || nowMs < this.notBeforeMs)) return
    const why = warning === undefined ? {} : { why: boundText(warning, maxWhyChars) }
    const offlineCalls = this.options.offlineCalls?.()
    const offline = offlineCalls === undefined ? {} : { offlineCalls }
    await this.post({ written, waitingMs, apart, ...why, ...(ended && { ended }), ...offline }, stored, nowMs)
    if (!this.isFailing) this.told = { concern, atMs: nowMs }
  }

  private async post(audit: AuditReport, sent: number, nowMs: number): Promise<void> {
    const ack: Ack = { audit }
    try {
      const { headers } = await this.options.control.post('/acks', JSON.stringify(ack), undefined, AbortSignal.timeout(maxPostMs))
      this.isFailing = false
      // A control plane of an older version does not say it.
      const stored = headers[AUDIT_STORED_HEADER]
      if (typeof stored === 'string') this.options.onStored(Number(stored), sent)
    } catch (error) {
      // A control plane of an older version does not know this report.
      const level = error instanceof ControlError && error.status === 400 ? 'info' : 'warn'
      if (!this.isFailing) this.options.log(level, 'the control plane cannot be told how far the audit is', { why: String(error) })
      this.isFailing = true
      this.notBeforeMs = nowMs + againAfterMs
    }
  }
}

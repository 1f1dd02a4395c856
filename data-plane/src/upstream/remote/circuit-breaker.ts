import { UpstreamFault } from '../upstream.ts'

interface Limits {
  /** This many faults in a row open the breaker. */
  readonly maxFaultsInARow: number
  readonly firstOpenMs: number
  readonly maxOpenMs: number
}

const defaultLimits: Limits = { maxFaultsInARow: 5, firstOpenMs: 2000, maxOpenMs: 60_000 }

/** A call that may go to the server, and what became of it must be recorded with it. */
export interface Entered {
  /** The person who asks, or the gateway itself. */
  readonly asker: string
  /** In ms of the breaker's clock. */
  readonly atMs: number
  /** It tries whether the server is up again. */
  readonly isTrial: boolean
}

/**
 * Protects a server that is down, and the calls that would wait for it. Closed: every call may go to the server.
 * Open: no call may. After a while one call may try. Its outcome closes the breaker, or opens it for longer.
 *
 * That a server cannot be reached is nobody's doing. A wrong answer may come of what was asked, and so may a call that
 * ran out of time, which counts only when the server answered nobody since it began. By these the breaker opens only
 * when they are of more than one asker: the gateway itself, which reads the lists every minute, is one of them. And
 * when such a call was the trial, one call of another asker may try at once.
 */
export class CircuitBreaker {
  private readonly limits: Limits
  private readonly nowMs: () => number
  private faultsInARow = 0
  /** Whose faults in a row they are, or whose trials since the last pause; no more than two of them. */
  private readonly faultAskers = new Set<string>()
  /** At least one of these faults was the server's beyond doubt. */
  private isUnreachable = false
  private answeredAtMs = Number.NEGATIVE_INFINITY
  /** How long the breaker stays open this time; 0 when it is closed. */
  private openMs = 0
  private openUntilMs = 0
  /** One call tries whether the server is up again. */
  private trialRunning = false

  constructor(limits: Partial<Limits> = {}, nowMs: () => number = () => performance.now()) {
    this.limits = { ...defaultLimits, ...limits }
    this.nowMs = nowMs
  }

  get open(): boolean {
    return this.openMs > 0
  }

  /** Throws while no call may go to the server. Otherwise a `record…` method must be called afterwards. */
  enter(asker: string): Entered {
    const atMs = this.nowMs()
    if (!this.open) return { asker, atMs, isTrial: false }
    const waitMs = this.openUntilMs - atMs
    if (this.trialRunning || (waitMs > 0 && !this.mayDoubt(asker))) throw openFault(Math.max(waitMs, 1))
    if (waitMs <= 0) this.forgetFaults()
    this.trialRunning = true
    return { asker, atMs, isTrial: true }
  }

  recordSuccess(): void {
    this.answeredAtMs = this.nowMs()
    this.faultsInARow = 0
    this.forgetFaults()
    this.openMs = 0
    this.trialRunning = false
  }

  /** The server could not be reached. */
  recordUnreachable(entered: Entered): void {
    this.countFault(entered, true)
  }

  /** The server answered, but not as the protocol wants it. */
  recordWrongAnswer(entered: Entered): void {
    this.countFault(entered, false)
  }

  /** The call ran out of time. */
  recordTimeout(entered: Entered): void {
    if (this.answeredAtMs >= entered.atMs) return this.recordNothing(entered)
    this.countFault(entered, false)
  }

  /** The call ended without telling anything about the server, for example by a cancellation. */
  recordNothing({ isTrial }: Entered): void {
    if (isTrial) this.trialRunning = false
  }

  private countFault(entered: Entered, isUnreachable: boolean): void {
    this.recordNothing(entered)
    // It was under way when the breaker opened.
    if (this.open && !entered.isTrial) return
    this.faultsInARow++
    this.isUnreachable ||= isUnreachable
    if (this.faultAskers.size < 2) this.faultAskers.add(entered.asker)
    const nowMs = this.nowMs()
    if (this.open ? this.openUntilMs > nowMs : !this.mayOpen()) return
    this.openMs = Math.min(this.openMs === 0 ? this.limits.firstOpenMs : this.openMs * 2, this.limits.maxOpenMs)
    this.openUntilMs = nowMs + this.openMs
  }

  private mayOpen(): boolean {
    return this.faultsInARow >= this.limits.maxFaultsInARow && (this.isUnreachable || this.faultAskers.size > 1)
  }

  /** Only one other asker's trial failed, perhaps by what was asked. */
  private mayDoubt(asker: string): boolean {
    return !this.isUnreachable && this.faultAskers.size === 1 && !this.faultAskers.has(asker)
  }

  private forgetFaults(): void {
    this.faultAskers.clear()
    this.isUnreachable = false
  }
}

const openFault = (waitMs: number) =>
  new UpstreamFault('upstream_down', 'The MCP server is down.', {
    detail: `not asked: it failed too often, tried again in ${Math.ceil(waitMs / 1000)} s`,
    hint: `It is tried again in ${Math.ceil(waitMs / 1000)} s.`,
    retryable: true,
  })

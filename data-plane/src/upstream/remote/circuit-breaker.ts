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
  /** In ms of the breaker's clock. */
  readonly atMs: number
}

/**
 * Protects a server that is down, and the calls that would wait for it. Closed: every call may go to the server.
 * Open: no call may. After a while one call may try. Its outcome closes the breaker, or opens it for longer.
 *
 * A call that ran out of time may only have asked for much. So it counts when the server answered nobody since it
 * began, and the breaker opens by such calls alone when they are of more than one asker: the gateway itself, which
 * reads the lists every minute, is one of them.
 */
export class CircuitBreaker {
  private readonly limits: Limits
  private readonly nowMs: () => number
  private faultsInARow = 0
  /** The askers of the faults in a row that ran out of time. */
  private readonly lateAskers = new Set<string>()
  /** At least one fault in a row was the server's beyond doubt. */
  private hasFailed = false
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
  enter(): Entered {
    const atMs = this.nowMs()
    if (!this.open) return { atMs }
    const waitMs = this.openUntilMs - atMs
    if (waitMs > 0 || this.trialRunning) throw openFault(Math.max(waitMs, 1))
    this.trialRunning = true
    return { atMs }
  }

  recordSuccess(): void {
    this.answeredAtMs = this.nowMs()
    this.faultsInARow = 0
    this.lateAskers.clear()
    this.hasFailed = false
    this.openMs = 0
    this.trialRunning = false
  }

  /** The server could not be reached, or broke the protocol. */
  recordFailure(): void {
    this.hasFailed = true
    this.countFault()
  }

  /** The call of this asker ran out of time. */
  recordTimeout(asker: string, { atMs }: Entered): void {
    if (this.answeredAtMs >= atMs) return this.recordNothing()
    if (this.lateAskers.size < 2) this.lateAskers.add(asker)
    this.countFault()
  }

  /** The call ended without telling anything about the server, for example by a cancellation. */
  recordNothing(): void {
    this.trialRunning = false
  }

  private countFault(): void {
    this.faultsInARow++
    const wasTrial = this.trialRunning
    this.trialRunning = false
    if (this.open ? !wasTrial : !this.mayOpen()) return
    this.openMs = Math.min(this.openMs === 0 ? this.limits.firstOpenMs : this.openMs * 2, this.limits.maxOpenMs)
    this.openUntilMs = this.nowMs() + this.openMs
  }

  private mayOpen(): boolean {
    return this.faultsInARow >= this.limits.maxFaultsInARow && (this.hasFailed || this.lateAskers.size > 1)
  }
}

const openFault = (waitMs: number) =>
  new UpstreamFault('upstream_down', 'The MCP server is down.', {
    detail: `not asked: it failed too often, tried again in ${Math.ceil(waitMs / 1000)} s`,
    hint: `It is tried again in ${Math.ceil(waitMs / 1000)} s.`,
    retryable: true,
  })

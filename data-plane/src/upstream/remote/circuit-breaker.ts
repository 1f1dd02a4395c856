import { UpstreamFault } from '../upstream.ts'

interface Limits {
  /** This many faults in a row open the breaker. */
  readonly maxFaultsInARow: number
  readonly firstOpenMs: number
  readonly maxOpenMs: number
}

const defaultLimits: Limits = { maxFaultsInARow: 5, firstOpenMs: 2000, maxOpenMs: 60_000 }

/**
 * Protects a server that is down, and the calls that would wait for it. Closed: every call may go to the server.
 * Open: no call may. After a while one call may try. Its outcome closes the breaker, or opens it for longer.
 */
export class CircuitBreaker {
  private readonly limits: Limits
  private readonly nowMs: () => number
  private faultsInARow = 0
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
  enter(): void {
    if (!this.open) return
    const waitMs = this.openUntilMs - this.nowMs()
    if (waitMs > 0 || this.trialRunning) throw openFault(Math.max(waitMs, 1))
    this.trialRunning = true
  }

  recordSuccess(): void {
    this.faultsInARow = 0
    this.openMs = 0
    this.trialRunning = false
  }

  recordFailure(): void {
    this.faultsInARow++
    const wasTrial = this.trialRunning
    this.trialRunning = false
    if (this.faultsInARow < this.limits.maxFaultsInARow || (this.open && !wasTrial)) return
    this.openMs = Math.min(this.openMs === 0 ? this.limits.firstOpenMs : this.openMs * 2, this.limits.maxOpenMs)
    this.openUntilMs = this.nowMs() + this.openMs
  }

  /** The call ended without telling anything about the server, for example by a cancellation. */
  recordNothing(): void {
    this.trialRunning = false
  }
}

const openFault = (waitMs: number) =>
  new UpstreamFault('upstream_down', 'The MCP server is down.', {
    detail: `not asked: it failed too often, tried again in ${Math.ceil(waitMs / 1000)} s`,
    hint: `It is tried again in ${Math.ceil(waitMs / 1000)} s.`,
    retryable: true,
  })

import { UpstreamFault } from '../upstream.ts'

interface Limits {
  /** So many faults in a row open it. */
  readonly faults: number
  readonly firstOpenMs: number
  readonly maxOpenMs: number
}

const usual: Limits = { faults: 5, firstOpenMs: 2000, maxOpenMs: 60_000 }

/** Spares a server that is down, and those who wait for it. Closed: all may ask. Open: none. When the time is over one may try, and what becomes of it decides for all. */
export class CircuitBreaker {
  private readonly limits: Limits
  private readonly nowMs: () => number
  private faults = 0
  private openMs = 0
  private untilMs = 0
  private trying = false

  constructor(limits: Partial<Limits> = {}, nowMs: () => number = () => performance.now()) {
    this.limits = { ...usual, ...limits }
    this.nowMs = nowMs
  }

  get open(): boolean {
    return this.openMs > 0
  }

  /** Throws while none may ask. Who got in must say how it went. */
  enter(): void {
    if (!this.open) return
    const waitMs = this.untilMs - this.nowMs()
    if (waitMs > 0 || this.trying) throw closedFor(Math.max(waitMs, 1))
    this.trying = true
  }

  succeeded(): void {
    this.faults = 0
    this.openMs = 0
    this.trying = false
  }

  failed(): void {
    this.faults++
    const wasTrying = this.trying
    this.trying = false
    if (this.faults < this.limits.faults || (this.open && !wasTrying)) return
    this.openMs = Math.min(this.openMs === 0 ? this.limits.firstOpenMs : this.openMs * 2, this.limits.maxOpenMs)
    this.untilMs = this.nowMs() + this.openMs
  }

  /** It was called off: that says nothing of the server. */
  calledOff(): void {
    this.trying = false
  }
}

const closedFor = (waitMs: number) =>
  new UpstreamFault('upstream_down', 'The MCP server is down.', {
    detail: `not asked: it failed too often, tried again in ${Math.ceil(waitMs / 1000)} s`,
    hint: `It is tried again in ${Math.ceil(waitMs / 1000)} s.`,
    retryable: true,
  })

import { ToolError } from '@bir/sdk/contract/errors'
import type { DropReason } from '../dropped.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { EraKeeper } from './era-probe.ts'
import type { ProbeTimes } from './era-probe.ts'
import type { Era } from './era-verdict.ts'
import { EraFault } from '../faults.ts'
import { LegacyUpstream } from '../legacy/legacy-upstream.ts'
import { ModernUpstream } from '../modern/modern-upstream.ts'
import { openConnection } from '../http/connection.ts'
import type { RemoteServer, RemoteConnection } from '../http/connection.ts'
import { plainHealth, UpstreamFault, UpstreamRpcError } from '../upstream.ts'
import type {
  Asker,
  Description,
  Listening,
  ListenRequest,
  Upstream,
  UpstreamHealth,
  UpstreamRequest,
  UpstreamResult,
} from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

/** The hint says what a missing secret is called. */
function errorOf(fault: UpstreamFault | ToolError) {
  const hint = fault.code === 'secret_missing' && fault.hint !== undefined ? ` ${fault.hint}` : ''
  const says = fault instanceof UpstreamFault ? fault.publicMessage : fault.message
  const detail = fault.message === says ? '' : ` (${fault.message})`
  return { lastErrorAtMs: Date.now(), lastError: `${says}${detail}${hint}`, lastErrorSays: says }
}

/** How soon it gives up, and how long it believes. */
interface RemoteTuning {
  readonly breaker?: CircuitBreaker
  readonly horizon?: Partial<ProbeTimes>
}

const always = () => true
/** Some of it is answered without asking the server. */
const never = () => false

const rootsChanged = 'notifications/roots/list_changed'

/** Calls under way may end by themselves for so long. */
const closeWithinMs = 10_000

/** A remote server of whichever era it turns out to be. */
export class RemoteUpstream implements Upstream {
  private readonly options: RemoteConnection
  private readonly era: EraKeeper
  private readonly breaker: CircuitBreaker
  private modern: ModernUpstream | undefined
  private legacy: LegacyUpstream | undefined
  private state: UpstreamHealth['state'] = 'unknown'
  private lastSuccessAtMs: number | undefined
  private lastError: Pick<UpstreamHealth, 'lastError' | 'lastErrorAtMs' | 'lastErrorSays'> | undefined
  private latencyMs: number | undefined
  private described: Description | undefined

  constructor(given: RemoteServer, { breaker = new CircuitBreaker(), horizon = {} }: RemoteTuning = {}) {
    this.options = openConnection(given)
    this.era = new EraKeeper(this.options, horizon)
    this.breaker = breaker
  }

  request(request: UpstreamRequest): Promise<UpstreamResult> {
    return this.through((upstream) => upstream.request(request))
  }

  /** While the server is down, what it last said of itself. */
  async describe(asker: Asker): Promise<Description> {
    if (this.breaker.open && this.described) return this.described
    const before = this.described
    this.described = await this.through(
      (upstream) => upstream.describe(asker),
      (found) => found.era === 'modern' && found !== before,
    )
    return this.described
  }

  listen(request: ListenRequest): Promise<Listening> {
    return this.through((upstream) => upstream.listen(request), never)
  }

  async notify(asker: Asker, notification: Notification): Promise<DropReason | undefined> {
    // Who has no session yet will ask for the roots when it has: no server is looked up for that.
    if (notification.method === rootsChanged && !this.legacy) return undefined
    return this.through((upstream) => upstream.notify(asker, notification), never)
  }

  async endSession(asker: Asker): Promise<void> {
    await this.legacy?.endSession(asker)
  }

  health(): UpstreamHealth {
    const { lastSuccessAtMs, latencyMs } = this
    const { open } = this.breaker
    return {
      ...plainHealth(open ? 'down' : this.state, this.era.known),
      breaker: open ? 'open' : 'closed',
      lastSuccessAtMs,
      latencyMs,
      ...this.lastError,
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.modern?.close(), this.legacy?.close()])
    await this.options.pool.close(closeWithinMs)
  }

  /** `answered`: whether the server itself gave the answer, so that it is known to be up. */
  private async through<T>(ask: (upstream: Upstream) => T | Promise<T>, answered: (answer: T) => boolean = always): Promise<T> {
    this.breaker.enter()
    const startedMs = performance.now()
    try {
      const answer = await this.inItsEra(ask)
      if (answered(answer)) this.answered(performance.now() - startedMs)
      else this.breaker.calledOff()
      return answer
    } catch (error) {
      this.failed(error, performance.now() - startedMs)
      throw error
    }
  }

  private inItsEra<T>(ask: (upstream: Upstream) => T | Promise<T>): Promise<T> {
    const known = this.era.get()
    const inEra = (era: Era): Promise<T> => Promise.resolve(ask(this.of(era))).catch((error: unknown) => this.inTheOther(era, error, ask))
    return known instanceof Promise ? known.then(inEra) : inEra(known)
  }

  /** A request refused for its era was not run: it may be made again in the other one. */
  private async inTheOther<T>(era: Era, error: unknown, ask: (upstream: Upstream) => T | Promise<T>): Promise<T> {
    if (era === 'legacy' && error instanceof UpstreamFault && error.code === 'upstream_down') this.era.markStale()
    if (!(error instanceof EraFault)) throw error
    const now = await this.era.probeAgain()
    if (now === era) throw error
    return ask(this.of(now))
  }

  private of(era: Era): Upstream {
    if (era === 'modern') return (this.modern ??= new ModernUpstream(this.options))
    return (this.legacy ??= new LegacyUpstream(this.options))
  }

  private answered(tookMs: number): void {
    this.breaker.succeeded()
    this.state = 'up'
    this.lastSuccessAtMs = Date.now()
    this.latencyMs = tookMs
  }

  private failed(error: unknown, tookMs: number): void {
    // An error of the server's own is an answer.
    if (error instanceof UpstreamRpcError) return this.answered(tookMs)
    const fault = error instanceof UpstreamFault || error instanceof ToolError ? error : undefined
    const code = fault?.code
    if (fault) this.lastError = errorOf(fault)
    if (code === 'upstream_down' || code === 'secret_missing' || code === 'secret_invalid') this.state = 'down'
    if (code === 'upstream_down' || code === 'timed_out') return this.breaker.failed()
    this.breaker.calledOff()
  }
}

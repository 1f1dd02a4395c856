import { redact, redactText } from '../../secrets/redact.ts'
import { ToolError } from '@bir/sdk/contract/errors'
import type { DropReason } from '../dropped.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import type { Entered } from './circuit-breaker.ts'
import { EraKeeper } from './era-probe.ts'
import type { ProbeTimes } from './era-probe.ts'
import type { Era } from './era-verdict.ts'
import { AsideFault, EraFault, UnaskedFault, UnreachableFault } from '../faults.ts'
import { LegacyUpstream } from '../legacy/legacy-upstream.ts'
import type { LegacyEra } from '../legacy/legacy-upstream.ts'
import { ModernUpstream } from '../modern/modern-upstream.ts'
import { openConnection } from '../http/connection.ts'
import type { RemoteServer, RemoteConnection } from '../http/connection.ts'
import type { Fields } from '../../json/edit.ts'
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

/** The last error for the health report. For a missing secret it includes the hint, which names the secret. */
function lastErrorOf(fault: UpstreamFault | ToolError, secrets: readonly string[]) {
  const hint = fault.code === 'secret_missing' && fault.hint !== undefined ? ` ${fault.hint}` : ''
  const publicText = fault instanceof UpstreamFault ? fault.publicMessage : fault.message
  const detail = fault.message === publicText ? '' : ` (${fault.message})`
  const hide = (text: string) => redactText(text, secrets)
  return { lastErrorAtMs: Date.now(), lastError: hide(`${publicText}${detail}${hint}`), lastErrorSays: hide(publicText) }
}

/** For tests: other limits and times. */
interface RemoteTuning {
  readonly breaker?: CircuitBreaker
  readonly probeTimes?: Partial<ProbeTimes>
}

const provesUp = () => true
/** The upstream may have answered without asking the server. */
const provesNothing = () => false

const ofCredential = new Set<string>(['secret_missing', 'secret_invalid', 'secret_expired', 'scope_missing'])

const rootsChanged = 'notifications/roots/list_changed'

/** When the upstream closes, calls under way have this long to end by themselves. */
const closeWithinMs = 10_000

/** A remote server of any era. The era is configured or probed. */
export class RemoteUpstream implements Upstream {
  private readonly options: RemoteConnection
  private readonly eraKeeper: EraKeeper
  private readonly breaker: CircuitBreaker
  private modern: ModernUpstream | undefined
  private readonly legacy: Partial<Record<LegacyEra, LegacyUpstream>> = {}
  private state: UpstreamHealth['state'] = 'unknown'
  private lastSuccessAtMs: number | undefined
  private lastError: Pick<UpstreamHealth, 'lastError' | 'lastErrorAtMs' | 'lastErrorSays'> | undefined
  private latencyMs: number | undefined
  private lastSaid: Description | undefined
  /** The same without the secrets that the server was sent: it is kept for longer than they are in use. */
  private lastDescription: Description | undefined

  constructor(server: RemoteServer, { breaker = new CircuitBreaker(), probeTimes = {} }: RemoteTuning = {}) {
    this.options = openConnection(server)
    this.eraKeeper = new EraKeeper(this.options, probeTimes)
    this.breaker = breaker
  }

  request(request: UpstreamRequest): Promise<UpstreamResult> {
    return this.withBreaker(request, (upstream) => upstream.request(request))
  }

  /** While the breaker is open, this returns the last description. */
  async describe(asker: Asker): Promise<Description> {
    if (this.breaker.open && this.lastDescription) return this.lastDescription
    const earlier = this.lastSaid
    // A cached description, or one of a legacy session that is open, does not prove that the server is up.
    const said = await this.withBreaker(
      asker,
      (upstream) => upstream.describe(asker),
      (description) => description.era === 'modern' && description !== earlier,
    )
    if (said === earlier) return said
    this.lastSaid = said
    this.lastDescription = redact({ value: said as Description & Fields }, this.options.sentSecrets.values).value
    return said
  }

  listen(request: ListenRequest): Promise<Listening> {
    return this.withBreaker(request, (upstream) => upstream.listen(request), provesNothing)
  }

  async notify(asker: Asker, notification: Notification): Promise<DropReason | undefined> {
    // A legacy server without a session asks for the roots when a session opens, so there is nothing to announce.
    if (notification.method === rootsChanged && !this.legacy.legacy && !this.legacy.sse) return undefined
    return this.withBreaker(asker, (upstream) => upstream.notify(asker, notification), provesNothing)
  }

  async endSession(asker: Asker): Promise<void> {
    await Promise.all([this.legacy.legacy?.endSession(asker), this.legacy.sse?.endSession(asker)])
  }

  health(): UpstreamHealth {
    const { lastSuccessAtMs, latencyMs } = this
    const { open } = this.breaker
    return {
      ...plainHealth(open ? 'down' : this.state, this.eraKeeper.lastVerdict),
      breaker: open ? 'open' : 'closed',
      lastSuccessAtMs,
      latencyMs,
      ...this.lastError,
    }
  }

  /** Has secrets read anew for what is sent from now on; called after every change of the policy. */
  follow(): void {
    this.options.headers.forget()
  }

  async close(): Promise<void> {
    this.options.headers.close()
    await Promise.all([this.modern?.close(), this.legacy.legacy?.close(), this.legacy.sse?.close()])
    await this.options.pool.close(closeWithinMs)
  }

  /**
   * Runs a call unless the breaker is open, and records its outcome.
   * `isProof`: whether the answer proves that the server is up.
   */
  private async withBreaker<T>(
    asker: Asker,
    ask: (upstream: Upstream) => T | Promise<T>,
    isProof: (answer: T) => boolean = provesUp,
  ): Promise<T> {
    const entered = this.breaker.enter(asker.person)
    const startedMs = performance.now()
    try {
      const answer = await this.askInEra(ask)
      if (isProof(answer)) this.recordSuccess(performance.now() - startedMs)
      else this.breaker.recordNothing(entered)
      return answer
    } catch (error) {
      this.recordError(error, performance.now() - startedMs, entered)
      throw error
    }
  }

  private askInEra<T>(ask: (upstream: Upstream) => T | Promise<T>): Promise<T> {
    const verdict = this.eraKeeper.get()
    const inEra = (era: Era): Promise<T> =>
      Promise.resolve(ask(this.upstreamOf(era))).catch((error: unknown) => this.retryInOtherEra(era, error, ask))
    return verdict instanceof Promise ? verdict.then(inEra) : inEra(verdict)
  }

  /** A server that refused a request for its era did not run it, so it may be sent again in the other era. */
  private async retryInOtherEra<T>(era: Era, error: unknown, ask: (upstream: Upstream) => T | Promise<T>): Promise<T> {
    if (era !== 'modern' && error instanceof UpstreamFault && error.code === 'upstream_down') this.eraKeeper.markStale()
    if (!(error instanceof EraFault)) throw error
    const newEra = await this.eraKeeper.probeAgain()
    if (newEra === era) throw error
    return ask(this.upstreamOf(newEra))
  }

  private upstreamOf(era: Era): Upstream {
    if (era === 'modern') return (this.modern ??= new ModernUpstream(this.options))
    return (this.legacy[era] ??= new LegacyUpstream(this.options, era))
  }

  private recordSuccess(latencyMs: number): void {
    this.breaker.recordSuccess()
    this.state = 'up'
    this.lastSuccessAtMs = Date.now()
    this.latencyMs = latencyMs
  }

  private recordError(error: unknown, latencyMs: number, entered: Entered): void {
    // A JSON-RPC error of the server itself is an answer: the server is up.
    if (error instanceof UpstreamRpcError) return this.recordSuccess(latencyMs)
    const fault = error instanceof UpstreamFault || error instanceof ToolError ? error : undefined
    if (!fault || fault instanceof UnaskedFault || fault instanceof AsideFault) return this.breaker.recordNothing(entered)
    const { code } = fault
    if (this.options.isPersonal && ofCredential.has(code)) return this.breaker.recordNothing(entered)
    this.lastError = lastErrorOf(fault, this.options.sentSecrets.values)
    if (code === 'upstream_down' || code === 'secret_missing' || code === 'secret_invalid') this.state = 'down'
    if (fault instanceof UnreachableFault) return this.breaker.recordUnreachable(entered)
    if (code === 'timed_out') return this.breaker.recordTimeout(entered)
    if (code === 'upstream_down') return this.breaker.recordWrongAnswer(entered)
    this.breaker.recordNothing(entered)
  }
}

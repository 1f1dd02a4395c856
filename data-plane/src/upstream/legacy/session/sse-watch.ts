import { setTimeout as delay } from 'node:timers/promises'
import { Cancel } from '../../../runtime/cancellation.ts'
import { asError } from '../../as-error.ts'
import { UpstreamFault } from '../../upstream.ts'
import type { WireAddress } from '../wire/session-wire.ts'
import type { StreamHandlers } from './get-stream.ts'
import type { LegacySession } from './session.ts'
import type { OpenSession } from './open-session.ts'

const maxFailuresInARow = 8
const firstDelayMs = 500
const maxDelayMs = 30_000
/** A session that was open this long counts as a success. */
const successAfterMs = 10_000

/**
 * Keeps a session of the HTTP+SSE transport (2024-11-05) open while anybody listens. When its stream has ended, it
 * opens the session anew, later and later if that does not last.
 */
export class SseWatch {
  readonly unsupported = false
  private readonly session: LegacySession
  private readonly handlers: StreamHandlers
  private readonly cancel = new Cancel()
  private openSession: OpenSession | undefined
  /** The id of the session that was lost last. */
  private lastLost: string | undefined
  private openedAtMs = 0
  private failures = 0
  private renewing = false

  constructor(session: LegacySession, handlers: StreamHandlers) {
    this.session = session
    this.handlers = handlers
  }

  open(openSession: OpenSession): Promise<boolean> {
    this.opened(openSession)
    return Promise.resolve(true)
  }

  /** The stream of the session has ended. */
  lost(fault: Error, from: WireAddress): void {
    this.lastLost = from.sessionId
    if (this.renewing || this.cancel.cancelled) return
    this.renewing = true
    if (performance.now() - this.openedAtMs > successAfterMs) this.failures = 0
    this.renew(fault).catch((thrown: unknown) => this.handlers.ended(asError(thrown)))
  }

  stop(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  private async renew(loss: Error): Promise<void> {
    const renewed = await this.sessionAfter(loss)
    this.renewing = false
    if (!renewed || this.cancel.cancelled) return
    this.opened(renewed)
    await this.handlers.renewed(renewed)
  }

  /** Rejects when the session cannot be opened. Resolves with undefined after `stop`. */
  private async sessionAfter(loss: Error): Promise<OpenSession | undefined> {
    for (let fault = loss; ;) {
      const isFinal = ++this.failures > maxFailuresInARow || (fault instanceof UpstreamFault && !fault.retryable)
      if (isFinal) throw fault
      const waitMs = Math.min(maxDelayMs, firstDelayMs * 2 ** this.failures)
      await delay(waitMs, undefined, { signal: this.cancel.signal }).catch(() => undefined)
      if (this.cancel.cancelled || !this.openSession) return undefined
      try {
        const openSession = await this.session.renew(this.openSession)
        if (openSession.sessionId !== this.lastLost) return openSession
        // A call opened it meanwhile, and it is lost already.
        this.openSession = openSession
      } catch (thrown) {
        fault = asError(thrown)
      }
    }
  }

  private opened(openSession: OpenSession): void {
    this.openSession = openSession
    this.openedAtMs = performance.now()
  }
}

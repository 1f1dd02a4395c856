import { setTimeout as delay } from 'node:timers/promises'
import { Cancel } from '../../../runtime/cancellation.ts'
import { asError } from '../../as-error.ts'
import { unreachableFault } from '../../faults.ts'
import { legacyStatusFault } from '../messages/status-fault.ts'
import type { LegacyMessage } from '../messages/message.ts'
import { messagesIn } from '../wire/reply.ts'
import type { LegacySession, OpenSession } from './session.ts'
import { Throttle } from '../../http/throttle.ts'
import type { WireAnswer } from '../wire/session-wire.ts'
import { UpstreamFault } from '../../upstream.ts'

const maxFailuresInARow = 8
const firstDelayMs = 500
const maxDelayMs = 30_000
/** A stream that stayed open this long counts as a success, even if it carried no message. */
const successAfterMs = 10_000

export interface StreamHandlers {
  readonly take: (message: LegacyMessage, openSession: OpenSession) => Promise<void>
  /** The session was lost, and this is the new one. */
  readonly renewed: (openSession: OpenSession) => Promise<void>
  /** The stream has ended for good, and not because of `stop`. */
  readonly ended: (error: Error) => void
}

/** The GET stream of a session. It is read until `stop`, and resumed when it breaks. */
export class GetStream {
  /** The server answered 405: it offers no such stream. It may say so late, after `open` has resolved. */
  unsupported = false
  private readonly session: LegacySession
  private readonly handlers: StreamHandlers
  private readonly cancel = new Cancel()
  private readonly throttle = new Throttle()
  private lastEventId: string | undefined
  private retryMs = firstDelayMs

  constructor(session: LegacySession, handlers: StreamHandlers) {
    this.session = session
    this.handlers = handlers
  }

  /** Resolves with false when the server says within `withinMs` that it offers no such stream. */
  async open(openSession: OpenSession, withinMs: number): Promise<boolean> {
    const first = this.get(openSession)
    first.catch(() => undefined)
    const earlyAnswer = await Promise.race([first, delay(withinMs, undefined, { ref: false })])
    if (earlyAnswer?.status === 405) return false
    if (earlyAnswer) requireStream(earlyAnswer)
    this.run(openSession, first).catch((error: unknown) => this.handlers.ended(asError(error)))
    return true
  }

  stop(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  private async run(initialSession: OpenSession, first: Promise<WireAnswer>): Promise<void> {
    let openSession = initialSession
    let pending = first
    for (let failures = 1; ; failures++) {
      const startedMs = performance.now()
      try {
        const answer = await pending
        this.unsupported = answer.status === 405
        const forgotten = answer.status === 404 && openSession.sessionId !== undefined
        if (forgotten) openSession = await this.renew(openSession)
        if (forgotten || (await this.drain(requireStream(answer), openSession)) || performance.now() - startedMs > successAfterMs)
          failures = 0
      } catch (error) {
        const isFinal = failures >= maxFailuresInARow || (error instanceof UpstreamFault && !error.retryable)
        if (isFinal && !this.cancel.cancelled) return this.handlers.ended(asError(error))
      }
      await this.pause(failures)
      if (this.cancel.cancelled) return
      pending = this.get(openSession)
    }
  }

  /** Hands on messages until the stream ends or breaks. True when it carried any event. */
  private async drain(answer: WireAnswer, openSession: OpenSession): Promise<boolean> {
    for (let received = false; ; received = true) {
      const events = await answer.next().catch(endIfRetryable)
      this.retryMs = answer.retryMs() ?? this.retryMs
      if (!events || this.cancel.cancelled) return received
      this.lastEventId = events.at(-1)?.id ?? this.lastEventId
      for (const message of await messagesIn(events)) {
        await this.throttle.next()
        if (this.cancel.cancelled) return true
        await this.handlers.take(message, openSession)
      }
    }
  }

  private async renew(forgotten: OpenSession): Promise<OpenSession> {
    const openSession = await this.session.renew(forgotten)
    this.lastEventId = undefined
    await this.handlers.renewed(openSession)
    return openSession
  }

  private get({ headers }: OpenSession): Promise<WireAnswer> {
    const resumeHeaders = this.lastEventId === undefined ? {} : { 'last-event-id': this.lastEventId }
    return this.session.wire.get({ ...headers, ...resumeHeaders }, this.cancel)
  }

  private async pause(failures: number): Promise<void> {
    const waitMs = Math.min(maxDelayMs, Math.max(this.retryMs, firstDelayMs * 2 ** failures))
    // Rejects on `stop`.
    await delay(waitMs, undefined, { signal: this.cancel.signal }).catch(() => undefined)
  }
}

/** A broken stream counts as ended, and is resumed. One that exceeds a limit is not: its fault is not retryable. */
function endIfRetryable(error: unknown): undefined {
  if (error instanceof UpstreamFault && !error.retryable) throw error
}

function requireStream(answer: WireAnswer): WireAnswer {
  if (answer.status === 200 && answer.kind === 'stream') return answer
  answer.stop()
  // The server has not noticed yet that the earlier stream is gone.
  if (answer.status === 409) throw unreachableFault('the server holds on to an earlier stream')
  throw legacyStatusFault(answer.status, 'no event stream')
}

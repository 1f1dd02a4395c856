import { setTimeout as delay } from 'node:timers/promises'
import { Cancel } from '../../../runtime/cancellation.ts'
import { asError } from '../../as-error.ts'
import { isNoConnection, noStreamFault } from '../../faults.ts'
import { sessionLostFault } from '../messages/status-fault.ts'
import { getAnswerOf, mayMeanLostSession } from './get-answer.ts'
import type { LegacyMessage } from '../messages/message.ts'
import { messagesIn } from '../wire/reply.ts'
import type { LegacySession } from './session.ts'
import type { OpenSession } from './open-session.ts'
import { Throttle } from '../../http/throttle.ts'
import type { WireAnswer } from '../wire/session-wire.ts'
import { UpstreamFault } from '../../upstream.ts'

const maxFailuresInARow = 8
const maxDelayMs = 30_000
/** A stream that stayed open this long counts as a success. */
const successAfterMs = 10_000
/** A server may end each stream after its messages and be polled: the pause stays below a few seconds. */
const maxFailuresOfTalking = 2
/** Of one stream so many notifications are remembered, and none that is longer. */
const maxRemembered = 100
const maxRememberedChars = 500

export interface StreamHandlers {
  readonly take: (message: LegacyMessage, openSession: OpenSession) => Promise<void>
  /** The session was lost, and this is the new one. */
  readonly renewed: (openSession: OpenSession) => Promise<void>
  /** The stream has ended for good, and not because of `stop`. */
  readonly ended: (error: Error) => void
}

/**
 * The GET stream of a session. It is read until `stop`, and resumed when it ends or breaks, each time after a longer
 * pause unless it lasted or brought news. A session that the server has lost is renewed, but never because of the GET
 * alone: many servers have no such route and answer as if the session were unknown.
 */
export class GetStream {
  /** The server offers no such stream. It may say so late, after `open` has resolved. */
  unsupported = false
  private readonly session: LegacySession
  private readonly retryMs: number
  private readonly handlers: StreamHandlers
  private readonly cancel = new Cancel()
  private readonly throttle = new Throttle()
  private lastEventId: string | undefined
  /** As the server last asked. */
  private askedRetryMs = 0
  private askedAtMs = 0
  /** What the last stream that carried messages notified of. */
  private lastNotified: ReadonlySet<string> = new Set()
  /** Streams in a row that failed or did not last. */
  private failures = 0
  /** There was such a stream once. */
  private wasOpen = false

  constructor(session: LegacySession, retryMs: number, handlers: StreamHandlers) {
    this.session = session
    this.retryMs = retryMs
    this.handlers = handlers
  }

  /** Resolves with false when the server says within `withinMs` that it offers no such stream. */
  async open(openSession: OpenSession, withinMs: number): Promise<boolean> {
    const first = this.get(openSession)
    first.catch(() => undefined)
    const earlyAnswer = await Promise.race([first, delay(withinMs, undefined, { ref: false })]).catch((error: unknown) => {
      throw asideOf(error)
    })
    if (earlyAnswer && getAnswerOf(earlyAnswer) !== 'stream') {
      const renewed = await this.withoutStream(earlyAnswer, openSession)
      if (!renewed) return false
      throw sessionLostFault(`HTTP ${earlyAnswer.status} to GET`)
    }
    this.run(openSession, first).catch((error: unknown) => this.handlers.ended(asError(error)))
    return true
  }

  stop(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  private async run(initialSession: OpenSession, first: Promise<WireAnswer>): Promise<void> {
    let openSession = initialSession
    let pending = first
    for (this.failures = 1; ; this.failures++) {
      try {
        const next = await this.follow(await pending, openSession)
        if (!next) return this.handlers.ended(new Error('the server offers no stream'))
        openSession = next
      } catch (error) {
        const isFinal = this.failures >= maxFailuresInARow || (error instanceof UpstreamFault && !error.retryable)
        this.unsupported ||= isFinal && !this.wasOpen
        if (isFinal && !this.cancel.cancelled) return this.handlers.ended(asError(error))
      }
      await this.pause()
      if (this.cancel.cancelled) return
      pending = this.get(openSession)
    }
  }

  /** Reads one stream to its end. Resolves with the session to go on in; with undefined when there is no stream. */
  private async follow(answer: WireAnswer, openSession: OpenSession): Promise<OpenSession | undefined> {
    if (getAnswerOf(answer) !== 'stream') return this.withoutStream(answer, openSession)
    const broughtNews = await this.drain(answer, openSession)
    if (performance.now() - this.askedAtMs > successAfterMs) this.failures = 0
    else if (broughtNews) this.failures = Math.min(this.failures, maxFailuresOfTalking)
    return openSession
  }

  /**
   * There is no stream now. Resolves with the new session if the server had lost this one, and with undefined if it
   * offers no stream at all. Throws if it may offer one later.
   */
  private async withoutStream(answer: WireAnswer, openSession: OpenSession): Promise<OpenSession | undefined> {
    answer.stop()
    // The server may not know that event any more, or not know such ids at all.
    if (answer.status < 500) this.lastEventId = undefined
    const hasSession = openSession.sessionId !== undefined
    const renewed = hasSession && mayMeanLostSession(answer) ? await this.session.renewIfLost(openSession) : undefined
    if (renewed) {
      this.lastEventId = undefined
      await this.handlers.renewed(renewed)
      return renewed
    }
    if (this.wasOpen || getAnswerOf(answer) === 'later') throw noStreamFault(`HTTP ${answer.status} to GET`)
    this.unsupported = true
    return undefined
  }

  /**
   * Hands on messages until the stream ends or breaks. True when it carried news: a server may greet every stream with
   * the same notification.
   */
  private async drain(answer: WireAnswer, openSession: OpenSession): Promise<boolean> {
    this.wasOpen = true
    const notified = new Set<string>()
    for (let hasNews = false; ;) {
      const events = await answer.next().catch(endIfRetryable)
      this.askedRetryMs = answer.retryMs() ?? this.askedRetryMs
      if (!events || this.cancel.cancelled) return this.endOf(notified, hasNews)
      this.lastEventId = events.at(-1)?.id ?? this.lastEventId
      for (const message of await messagesIn(events)) {
        hasNews = this.isNews(message, notified) || hasNews
        await this.throttle.next()
        if (this.cancel.cancelled) return true
        await this.handlers.take(message, openSession)
      }
    }
  }

  /** Adds a notification to those of this stream. */
  private isNews(message: LegacyMessage, notified: Set<string>): boolean {
    if (message.kind !== 'notification') return true
    const text = `${message.method} ${JSON.stringify(message.params) ?? ''}`
    if (text.length > maxRememberedChars || notified.size >= maxRemembered) return true
    notified.add(text)
    return !this.lastNotified.has(text)
  }

  private endOf(notified: ReadonlySet<string>, hasNews: boolean): boolean {
    if (notified.size > 0) this.lastNotified = notified
    return hasNews
  }

  private get({ headers }: OpenSession): Promise<WireAnswer> {
    this.askedAtMs = performance.now()
    const resumeHeaders = this.lastEventId === undefined ? {} : { 'last-event-id': this.lastEventId }
    return this.session.wire.get({ ...headers, ...resumeHeaders }, this.cancel)
  }

  private async pause(): Promise<void> {
    const waitMs = Math.min(maxDelayMs, Math.max(this.askedRetryMs, this.retryMs * 2 ** this.failures))
    // Rejects on `stop`.
    await delay(waitMs, undefined, { signal: this.cancel.signal }).catch(() => undefined)
  }
}

/** A broken stream counts as ended, and is resumed. One that exceeds a limit is not: its fault is not retryable. */
function endIfRetryable(error: unknown): undefined {
  if (error instanceof UpstreamFault && !error.retryable) throw error
}

/** A server may break off every GET and yet answer calls. Only a server that takes no connection is away. */
function asideOf(error: unknown): unknown {
  if (!(error instanceof UpstreamFault) || isNoConnection(error) || error.code !== 'upstream_down') return error
  return noStreamFault(error.message)
}

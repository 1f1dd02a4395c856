import { setTimeout as delay } from 'node:timers/promises'
import { Cancel } from '../../../runtime/cancellation.ts'
import { unreachableFault } from '../../faults.ts'
import { statusFault } from '../messages/status-fault.ts'
import type { LegacyMessage } from '../messages/message.ts'
import { messagesIn } from '../wire/reply.ts'
import type { LegacySession, OpenSession } from './session.ts'
import { Throttle } from '../../http/throttle.ts'
import type { WireAnswer } from '../wire/wire.ts'
import { UpstreamFault } from '../../upstream.ts'

const failuresInARow = 8
const firstDelayMs = 500
const maxDelayMs = 30_000
/** A stream that lived this long was a good one, even if nothing was said. */
const goodAfterMs = 10_000

interface Heard {
  readonly take: (message: LegacyMessage, live: OpenSession) => Promise<void>
  readonly renewed: (live: OpenSession) => Promise<void>
  /** For good, and not because of `stop`. */
  readonly ended: (error: Error) => void
}

/** The GET stream of a session: read until it is stopped, taken up again when it breaks. */
export class GetStream {
  /** The server has no such stream: said at once, or late. */
  absent = false
  private readonly session: LegacySession
  private readonly heard: Heard
  private readonly cancel = new Cancel()
  private readonly pace = new Throttle()
  private lastEventId: string | undefined
  private retryMs = firstDelayMs

  constructor(session: LegacySession, heard: Heard) {
    this.session = session
    this.heard = heard
  }

  /** False where the server has no such stream, and says so in time. */
  async open(live: OpenSession, withinMs: number): Promise<boolean> {
    const first = this.get(live)
    first.catch(() => undefined)
    const early = await Promise.race([first, delay(withinMs, undefined, { ref: false })])
    if (early?.status === 405) return false
    if (early) usable(early)
    void this.run(live, first)
    return true
  }

  stop(): void {
    this.cancel.abort(new Error('nobody listens any more'))
  }

  private async run(opened: OpenSession, first: Promise<WireAnswer>): Promise<void> {
    let live = opened
    let pending = first
    for (let failures = 1; ; failures++) {
      const since = performance.now()
      try {
        const answer = await pending
        this.absent = answer.status === 405
        const forgotten = answer.status === 404 && live.sessionId !== undefined
        if (forgotten) live = await this.renew(live)
        if (forgotten || (await this.drain(usable(answer), live)) || performance.now() - since > goodAfterMs) failures = 0
      } catch (error) {
        const last = failures >= failuresInARow || (error instanceof UpstreamFault && !error.retryable)
        if (last && !this.cancel.cancelled) return this.heard.ended(error instanceof Error ? error : new Error(String(error)))
      }
      await this.pause(failures)
      if (this.cancel.cancelled) return
      pending = this.get(live)
    }
  }

  /** Hands on what comes until the stream ends or breaks; true when anything came. */
  private async drain(answer: WireAnswer, live: OpenSession): Promise<boolean> {
    for (let some = false; ; some = true) {
      const events = await answer.next().catch(broke)
      this.retryMs = answer.retryMs() ?? this.retryMs
      if (!events || this.cancel.cancelled) return some
      this.lastEventId = events.at(-1)?.id ?? this.lastEventId
      for (const message of await messagesIn(events)) {
        await this.pace.next()
        if (this.cancel.cancelled) return true
        await this.heard.take(message, live)
      }
    }
  }

  private async renew(gone: OpenSession): Promise<OpenSession> {
    const live = await this.session.renew(gone)
    this.lastEventId = undefined
    await this.heard.renewed(live)
    return live
  }

  private get({ headers }: OpenSession): Promise<WireAnswer> {
    const from = this.lastEventId === undefined ? {} : { 'last-event-id': this.lastEventId }
    return this.session.wire.get({ ...headers, ...from }, this.cancel)
  }

  private async pause(failures: number): Promise<void> {
    const waitMs = Math.min(maxDelayMs, Math.max(this.retryMs, firstDelayMs * 2 ** failures))
    await delay(waitMs, undefined, { signal: this.cancel.signal }).catch(() => undefined) // stopped
  }
}

/** A stream may break, and is taken up again; one that goes over its limits is not. */
function broke(error: unknown): undefined {
  if (error instanceof UpstreamFault && !error.retryable) throw error
}

function usable(answer: WireAnswer): WireAnswer {
  if (answer.status === 200 && answer.kind === 'stream') return answer
  answer.stop()
  // The server has not noticed yet that the stream before this one is gone.
  if (answer.status === 409) throw unreachableFault('the server holds on to an earlier stream')
  throw statusFault(answer.status, 'no event stream')
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Cancel } from '../pipeline/cancel.ts'
import { notHere, statusFault } from './legacy-fault.ts'
import { honoured, missed, wants } from './legacy-filter.ts'
import { loggable } from './legacy-log.ts'
import type { Ask } from './legacy-ask.ts'
import type { LegacyMessage } from './legacy-message.ts'
import { messagesIn } from './legacy-reply.ts'
import { refusal } from './legacy-session.ts'
import type { LegacySession, Live } from './legacy-session.ts'
import { LegacySubscriptions } from './legacy-subscriptions.ts'
import type { WireAnswer } from './legacy-wire.ts'
import type { Listening, ListenRequest, Notification } from './upstream.ts'

const failuresInARow = 8
const firstDelayMs = 500
const longestDelayMs = 30_000
/** A stream that lived this long was a good one, even if nothing was said. */
const goodAfterMs = 10_000
const keepAgainMs = 60_000
const momentMs = 1000

/** The GET stream of one session, open while somebody listens and shared by all who do. */
export class LegacyStream {
  private readonly session: LegacySession
  private readonly subscriptions: LegacySubscriptions
  private readonly listeners = new Set<ListenRequest>()
  private opening: Promise<boolean> | undefined
  private answer: WireAnswer | undefined
  private stopped = new AbortController()
  /** Open without listeners too. */
  private kept = false
  private keepAgainMs = 0
  private keeping: Promise<void> | undefined

  constructor(session: LegacySession) {
    this.session = session
    this.subscriptions = new LegacySubscriptions(session)
  }

  /** Listens until the request's `cancel`. A server without such a stream honours nothing. */
  async add(request: ListenRequest): Promise<Listening> {
    this.session.inUse++
    this.listeners.add(request)
    try {
      const live = await this.session.open()
      this.opening ??= this.start(live)
      if (!(await this.opening)) return this.withoutStream(request)
      const uris = await this.subscriptions.add(live, request.filter.resourceSubscriptions ?? [])
      request.cancel.subscribe(() => this.remove(request, uris))
      return { honoured: honoured(request.filter, live.capabilities, uris) }
    } catch (error) {
      this.remove(request, [])
      throw error
    }
  }

  /**
   * Opens it for what a server may say there during a request, as a client of its own era would, and keeps it open as long as the
   * session. Waits no longer than a moment: there are servers without such a stream, and servers that open it late.
   */
  async keep(cancel: Cancel): Promise<void> {
    if (this.kept) return
    if (performance.now() >= this.keepAgainMs) this.keeping = this.keepOpen()
    if (!this.keeping) return
    const moment = Promise.withResolvers<void>()
    const forget = cancel.subscribe(() => moment.resolve())
    const timer = setTimeout(moment.resolve, momentMs)
    await Promise.race([moment.promise, this.keeping])
    clearTimeout(timer)
    forget()
  }

  private async keepOpen(): Promise<void> {
    this.keepAgainMs = performance.now() + keepAgainMs
    try {
      const live = await this.session.open()
      this.opening ??= this.start(live)
      this.kept = await this.opening
    } catch {
      // The request goes on without; what is wrong with the server it will meet itself.
    }
    this.keeping = undefined
  }

  close(): void {
    this.kept = false
    for (const listener of this.listeners) this.remove(listener, [])
    this.stop()
  }

  private withoutStream(request: ListenRequest): Listening {
    this.remove(request, [])
    return { honoured: {} }
  }

  private remove(request: ListenRequest, uris: readonly string[]): void {
    this.subscriptions.remove(uris)
    if (!this.listeners.delete(request)) return
    this.session.inUse--
    this.session.usedAtMs = Date.now()
    if (this.listeners.size === 0 && !this.kept) this.stop()
  }

  private stop(): void {
    this.opening = undefined
    this.stopped.abort()
    this.stopped = new AbortController()
    this.answer?.stop()
    this.answer = undefined
  }

  private async start(live: Live): Promise<boolean> {
    const stopped = this.stopped.signal
    try {
      const answer = await this.get(live, undefined)
      if (answer.status === 405) {
        this.opening = undefined
        return false
      }
      void this.run(live, usable(answer), stopped)
      return true
    } catch (error) {
      this.opening = undefined
      throw error
    }
  }

  private async run(opened: Live, first: WireAnswer, stopped: AbortSignal): Promise<void> {
    let live = opened
    let answer = first
    let lastEventId: string | undefined
    let failures = 0
    try {
      while (!stopped.aborted) {
        const since = performance.now()
        const read = await this.drain(answer, live, stopped)
        lastEventId = read.lastEventId ?? lastEventId
        failures = read.heard || performance.now() - since > goodAfterMs ? 0 : failures + 1
        const again = await this.reopen(live, lastEventId, failures, answer.retryMs() ?? firstDelayMs, stopped)
        if (again.live !== live) lastEventId = undefined
        live = again.live
        answer = again.answer
        failures = again.failures
      }
      answer.stop()
    } catch (error) {
      if (!stopped.aborted) this.fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Hands on what comes until the stream ends or breaks. */
  private async drain(answer: WireAnswer, live: Live, stopped: AbortSignal): Promise<{ lastEventId: string | undefined; heard: boolean }> {
    this.answer = answer
    let lastEventId: string | undefined
    let heard = false
    for (;;) {
      const events = await answer.next().catch(() => undefined)
      if (!events || stopped.aborted) return { lastEventId, heard }
      heard = true
      lastEventId = events.at(-1)?.id ?? lastEventId
      for (const message of messagesIn(events)) await this.take(message, live)
    }
  }

  private async reopen(gone: Live, lastEventId: string | undefined, failed: number, retryMs: number, stopped: AbortSignal) {
    let live = gone
    for (let failures = failed; ; failures++) {
      await delay(Math.min(longestDelayMs, Math.max(retryMs, firstDelayMs * 2 ** failures)), undefined, { signal: stopped })
      try {
        let answer = await this.get(live, live === gone ? lastEventId : undefined)
        if (answer.status === 404 && live.sessionId !== undefined) {
          live = await this.renewed(live)
          answer = await this.get(live, undefined)
        }
        return { live, answer: usable(answer), failures }
      } catch (error) {
        if (failures >= failuresInARow) throw error
      }
    }
  }

  /** A new session knows of no subscriptions, and what changed in between nobody will tell: so everything may have. */
  private async renewed(gone: Live): Promise<Live> {
    const live = await this.session.renew(gone)
    await this.subscriptions.renew()
    for (const listener of this.listeners)
      for (const notification of missed(listener.filter, live.capabilities)) await tell(listener, notification)
    return live
  }

  private get(live: Live, lastEventId: string | undefined): Promise<WireAnswer> {
    return this.session.wire.get({ ...live.headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) })
  }

  private async take(message: LegacyMessage, live: Live): Promise<void> {
    if (message.kind === 'request') return this.ask(message, live)
    if (message.kind !== 'notification') return
    const { method, params } = message
    const told = [...this.listeners].filter((listener) => hears(listener, method, params))
    if (told.length === 0) return void this.session.offer(message)
    await Promise.all(told.map((listener) => tell(listener, params ? { method, params } : { method })))
  }

  private async ask(message: Ask, live: Live): Promise<void> {
    if (message.method !== 'ping' && this.session.offer({ kind: 'request', ...message })) return
    await this.session.tell(live, refusal(message.id, message.method)).catch(() => undefined)
  }

  private fail(error: Error): void {
    this.kept = false
    this.opening = undefined
    const listeners = [...this.listeners]
    for (const listener of listeners) this.remove(listener, [])
    for (const { onEnd } of listeners) onEnd(error)
  }
}

/** A legacy client session is told all that its own stream would have told it. */
function hears({ filter, session, client }: ListenRequest, method: string, params: Record<string, unknown> | undefined): boolean {
  if (method === 'notifications/progress') return false
  if (method === 'notifications/message') return session !== undefined && loggable(params, client.logLevel)
  return wants(filter, method, params) ?? session !== undefined
}

async function tell(listener: ListenRequest, notification: Notification): Promise<void> {
  try {
    await listener.onNotification(notification)
  } catch {
    // This listener is gone; the others are not.
  }
}

function usable(answer: WireAnswer): WireAnswer {
  if (answer.status === 200 && answer.kind === 'stream') return answer
  answer.stop()
  if (answer.status === 200) throw notHere(answer.status)
  throw statusFault(answer.status, 'no event stream')
}

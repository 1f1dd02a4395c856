import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '../../../json/is-object.ts'
import { refusalJson } from '../../client-refusal.ts'
import { refusalOf, SERVER_ERROR, sizeRefusalOf } from '../messages/server-request.ts'
import type { ServerRequest } from '../messages/server-request.ts'
import type { ListChange } from '../../../protocol/facts/list-changes.ts'
import { honouredBy, honouredChanges, updatesAfterGap, wants } from '../messages/listen-filter.ts'
import { GetStream } from './get-stream.ts'
import type { StreamHandlers } from './get-stream.ts'
import { SseWatch } from './sse-watch.ts'
import { MAX_QUESTIONS } from '../../../protocol/input-capability.ts'
import { loggable } from '../../../protocol/log-level.ts'
import { cancelledIn } from '../messages/message.ts'
import type { LegacyMessage, ServerId } from '../messages/message.ts'
import type { WireAddress } from '../wire/session-wire.ts'
import { answerWithoutClient } from './session.ts'
import type { LegacySession } from './session.ts'
import type { OpenSession } from './open-session.ts'
import { LegacySubscriptions } from './subscriptions.ts'
import type { ClientAnswer, Listening, ListenRequest } from '../../upstream.ts'
import type { Notification } from '../../../protocol/notification.ts'

const keepOpenRetryMs = 60_000
const maxKeepOpenWaitMs = 2000
const clientTimeoutMs = 5 * 60_000

interface StreamLimits {
  readonly streamWithinMs: number
  readonly streamRetryMs: number
}

/**
 * The stream of a session, and the listeners that receive its messages. Messages for no listener go to the
 * requests under way.
 *
 * Its state: closed (`get` is undefined), opening or open (`opening` and `get` are set), unsupported (never
 * opened again). It closes with its last listener, unless `keptOpen` is set.
 */
export class LegacySessionStream {
  private readonly session: LegacySession
  private readonly limits: StreamLimits
  private readonly subscriptions: LegacySubscriptions
  private readonly listeners = new Set<ListenRequest>()
  /** By listener, the last delivery. */
  private readonly deliveries = new WeakMap<ListenRequest, Promise<void>>()
  private get: GetStream | SseWatch | undefined
  /** Resolves with false when the server offers no such stream. */
  private opening: Promise<boolean> | undefined
  /** The stream stays open without listeners too. */
  private keptOpen = false
  /** The server said that it offers no such stream. */
  private unsupported = false
  private nextKeepOpenMs = 0
  /** The attempt of `keepOpen` that is under way. */
  private keepOpenAttempt: Promise<void> | undefined
  /** Requests of the server that wait for the client, by the id that the server gave them. */
  private readonly clientRequests = new Map<ServerId, AbortController>()

  constructor(session: LegacySession, limits: StreamLimits) {
    this.session = session
    this.limits = limits
    this.subscriptions = new LegacySubscriptions(session)
    const { inbound } = session.wire
    if (!inbound) return
    inbound.receive = (message, from) => this.take(message, from)
    inbound.lost = (error, from) => this.lost(error, from)
  }

  /** Adds a listener until the `cancel` of its request. A server without such a stream honours nothing. */
  async add(request: ListenRequest): Promise<Listening> {
    this.session.use()
    this.listeners.add(request)
    try {
      const openSession = await this.session.open()
      if (!(await this.open(openSession))) return this.withoutStream(request)
      if (request.session !== undefined && request.client.logLevel !== undefined) await this.session.wantLevel(request.client.logLevel)
      const uris = await this.subscriptions.add(openSession, request.filter.resourceSubscriptions ?? [])
      request.cancel.subscribe(() => this.remove(request, uris))
      return { honoured: honouredBy(openSession.capabilities, request.filter, uris) }
    } catch (error) {
      this.remove(request, [])
      throw error
    }
  }

  /**
   * Opens the stream before a request, as a legacy client would, because the server may use it during the request.
   * It stays open as long as the session. If it does not open soon, the request goes on without it.
   */
  async keepOpen(): Promise<void> {
    if (this.keptOpen || this.session.wire.inbound) return
    if (performance.now() >= this.nextKeepOpenMs) this.keepOpenAttempt = this.tryKeepOpen()
    if (this.keepOpenAttempt) await Promise.race([this.keepOpenAttempt, delay(maxKeepOpenWaitMs, undefined, { ref: false })])
  }

  close(): void {
    this.end(undefined)
  }

  private async tryKeepOpen(): Promise<void> {
    this.nextKeepOpenMs = performance.now() + keepOpenRetryMs
    try {
      this.keptOpen = await this.open(await this.session.open())
    } catch {
      // The request itself will meet the same error.
    }
    this.keepOpenAttempt = undefined
  }

  private async open(openSession: OpenSession): Promise<boolean> {
    if (this.unsupported) return false
    this.opening ??= this.start(openSession)
    const opening = this.opening
    const open = await opening.catch((error: unknown) => {
      if (this.opening === opening) this.stop()
      throw error
    })
    this.unsupported ||= !open
    if (!open && this.opening === opening) this.stop()
    return open
  }

  private start(openSession: OpenSession): Promise<boolean> {
    const handlers: StreamHandlers = {
      take: (message, openSession) => this.take(message, openSession),
      renewed: (openSession) => this.renewed(openSession),
      ended: (error) => this.end(error),
    }
    this.get = this.session.wire.inbound
      ? new SseWatch(this.session, handlers)
      : new GetStream(this.session, this.limits.streamRetryMs, handlers)
    this.session.attachStream()
    return this.get.open(openSession, this.limits.streamWithinMs)
  }

  private stop(): void {
    this.session.detachStream()
    this.opening = undefined
    this.get?.stop()
    this.get = undefined
  }

  private withoutStream(request: ListenRequest): Listening {
    this.remove(request, [])
    return { honoured: {} }
  }

  private remove(request: ListenRequest, uris: readonly string[]): void {
    this.subscriptions.remove(uris)
    if (!this.listeners.delete(request)) return
    this.session.release()
    if (this.listeners.size === 0 && !this.keptOpen) this.stop()
  }

  /**
   * A new session has no subscriptions, and changes may have been missed. Listeners are told of all resources that
   * they follow, and of the lists that differ from what was last read of them.
   */
  private async renewed(openSession: OpenSession): Promise<void> {
    await this.subscriptions.renew()
    const changed = new Map<ListChange, Promise<boolean>>()
    const isNews = (change: ListChange): Promise<boolean> => {
      const news = changed.get(change) ?? this.session.lists.differ(change, (method, params) => this.session.call(method, params))
      changed.set(change, news)
      return news
    }
    for (const listener of this.listeners) {
      for (const change of honouredChanges(openSession.capabilities, listener.filter))
        if (await isNews(change)) await this.deliver(listener, { method: change.method })
      for (const notification of updatesAfterGap(listener.filter)) await this.deliver(listener, notification)
    }
  }

  /** In order, though the next message may come while the listener takes this one. */
  private deliver(listener: ListenRequest, notification: Notification): Promise<void> {
    const earlier = this.deliveries.get(listener)
    const delivery = earlier ? earlier.then(() => tell(listener, notification)) : tell(listener, notification)
    this.deliveries.set(listener, delivery)
    return delivery
  }

  /** Which requests and listeners a message is for is decided before this first waits. */
  private async take(message: LegacyMessage, from: WireAddress): Promise<void> {
    if (message.kind === 'request') return this.takeRequest(message, from)
    if (message.kind !== 'notification') return
    const { method, params, source } = message
    if (method === 'notifications/cancelled') this.withdraw(cancelledIn(message))
    const recipients = [...this.listeners].filter((listener) => receives(listener, method, params))
    if (recipients.length === 0) return this.offer(message)
    await Promise.all(recipients.map((listener) => this.deliver(listener, params ? { method, params, source } : { method })))
  }

  private async offer(message: LegacyMessage): Promise<void> {
    if (this.session.offer(message)) await this.session.whenRoom()
  }

  private async takeRequest(message: ServerRequest, from: WireAddress): Promise<void> {
    const tooLarge = sizeRefusalOf(message)
    if (tooLarge) return this.session.answer(from, message, `"error":${JSON.stringify(tooLarge)}`).catch(() => undefined)
    if (message.method !== 'ping' && this.session.offer({ kind: 'request', ...message })) return
    const listener = [...this.listeners].find((candidate) => candidate.onRequest && !refusalOf(candidate, message))
    // Not awaited: the stream goes on while the client answers.
    if (listener && this.clientRequests.size < MAX_QUESTIONS) return void this.askClient(message, from, listener)
    if (message.method !== 'ping') this.session.noteRefused(message)
    await this.session.answer(from, message, answerWithoutClient(message.method)).catch(() => undefined)
  }

  /** Passes a request that belongs to no request under way to the client of this session. */
  private async askClient(request: ServerRequest, from: WireAddress, { onRequest }: ListenRequest): Promise<void> {
    const { id, method, params, source } = request
    const withdrawal = new AbortController()
    this.clientRequests.set(id, withdrawal)
    const signal = AbortSignal.any([withdrawal.signal, AbortSignal.timeout(clientTimeoutMs)])
    const answer = await onRequest?.({ method, params, source: source.at('params') }, signal).catch(() => undefined)
    this.clientRequests.delete(id)
    await this.session.answer(from, request, answer ? outcomeOf(answer) : noAnswer).catch(() => undefined)
  }

  private withdraw(id: ServerId | undefined): void {
    if (id !== undefined) this.clientRequests.get(id)?.abort(new Error('the server no longer wants to know'))
  }

  /** The server has forgotten its questions with the session. */
  private lost(error: Error, from: WireAddress): void {
    this.withdrawAll()
    if (this.get instanceof SseWatch) this.get.lost(error, from)
  }

  private withdrawAll(): void {
    for (const withdrawal of this.clientRequests.values()) withdrawal.abort(new Error('the session is over'))
  }

  private end(error: Error | undefined): void {
    this.unsupported ||= this.get?.unsupported ?? false
    this.keptOpen = false
    this.stop()
    this.withdrawAll()
    const listeners = [...this.listeners]
    for (const listener of listeners) this.remove(listener, [])
    for (const { onEnd } of listeners) onEnd(error)
  }
}

const noAnswer = `"error":${JSON.stringify({ code: SERVER_ERROR, message: 'Nobody answered.' })}`

/** The `result` or `error` member of the answer, in JSON. */
function outcomeOf({ result, source, refusal }: ClientAnswer): string {
  if (refusal) return `"error":${refusalJson(refusal)}`
  return `"result":${isObject(result) && source ? source.toJson(result) : (JSON.stringify(result) ?? 'null')}`
}

/** A legacy client session receives everything that its own stream at the server would have carried. */
function receives({ filter, session, client }: ListenRequest, method: string, params: Record<string, unknown> | undefined): boolean {
  if (method === 'notifications/progress' || method === 'notifications/cancelled') return false
  if (method === 'notifications/message')
    return session !== undefined && (client.logLevel === undefined || loggable(params, client.logLevel))
  return wants(filter, method, params) ?? session !== undefined
}

async function tell(listener: ListenRequest, notification: Notification): Promise<void> {
  try {
    await listener.onNotification(notification)
  } catch {
    // A listener that fails does not affect the others.
  }
}

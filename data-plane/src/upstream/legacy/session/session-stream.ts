import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '../../../json/is-object.ts'
import { refusalJson } from '../../client-refusal.ts'
import { refusalOf } from '../messages/server-request.ts'
import type { ServerRequest } from '../messages/server-request.ts'
import { honoured, missed, wants } from '../messages/listen-filter.ts'
import { GetStream } from './get-stream.ts'
import { loggable } from '../../../protocol/log-level.ts'
import type { LegacyMessage, ServerId } from '../messages/message.ts'
import { unasked } from './session.ts'
import type { LegacySession, OpenSession } from './session.ts'
import { LegacySubscriptions } from './subscriptions.ts'
import type { ClientAnswer, Listening, ListenRequest } from '../../upstream.ts'
import type { Notification } from '../../../protocol/notification.ts'

const keepAgainMs = 60_000
const maxWaitMs = 2000
/** At once, in one session. */
const maxQuestions = 16
const maxQuestionMs = 5 * 60_000

/** Who hears what a server says on its session's own stream: those who listen, and the calls under way. Open while it serves anybody. */
export class LegacySessionStream {
  private readonly session: LegacySession
  private readonly openWithinMs: number
  private readonly subscriptions: LegacySubscriptions
  private readonly listeners = new Set<ListenRequest>()
  private get: GetStream | undefined
  private opening: Promise<boolean> | undefined
  /** Open without listeners too. */
  private kept = false
  /** The server said it has no such stream. */
  private absent = false
  private keepAgainMs = 0
  private keeping: Promise<void> | undefined
  /** What somebody is being asked, by the server's ids. */
  private readonly questions = new Map<ServerId, AbortController>()

  constructor(session: LegacySession, openWithinMs: number) {
    this.session = session
    this.openWithinMs = openWithinMs
    this.subscriptions = new LegacySubscriptions(session)
  }

  /** Listens until the request's `cancel`. A server without such a stream honours nothing. */
  async add(request: ListenRequest): Promise<Listening> {
    this.session.use()
    this.listeners.add(request)
    try {
      const live = await this.session.open()
      if (!(await this.open(live))) return this.withoutStream(request)
      if (request.session !== undefined && request.client.logLevel !== undefined) await this.session.wantLevel(request.client.logLevel)
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
   * session. The request does not fail with it, nor wait long.
   */
  async keep(): Promise<void> {
    if (this.kept) return
    if (performance.now() >= this.keepAgainMs) this.keeping = this.keepOpen()
    if (this.keeping) await Promise.race([this.keeping, delay(maxWaitMs, undefined, { ref: false })])
  }

  close(): void {
    this.ended(undefined)
  }

  private async keepOpen(): Promise<void> {
    this.keepAgainMs = performance.now() + keepAgainMs
    try {
      this.kept = await this.open(await this.session.open())
    } catch {
      // What is wrong with the server the request will meet itself.
    }
    this.keeping = undefined
  }

  private async open(live: OpenSession): Promise<boolean> {
    if (this.absent) return false
    this.opening ??= this.start(live)
    const opening = this.opening
    const open = await opening.catch((error: unknown) => {
      if (this.opening === opening) this.stop()
      throw error
    })
    this.absent ||= !open
    if (!open && this.opening === opening) this.stop()
    return open
  }

  private start(live: OpenSession): Promise<boolean> {
    this.get = new GetStream(this.session, {
      take: (message, live) => this.take(message, live),
      renewed: (live) => this.renewed(live),
      ended: (error) => this.ended(error),
    })
    this.session.hasStream = true
    return this.get.open(live, this.openWithinMs)
  }

  private stop(): void {
    this.session.hasStream = false
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
    if (this.listeners.size === 0 && !this.kept) this.stop()
  }

  /** A new session knows of no subscriptions, and what changed in between nobody will tell: so everything may have. */
  private async renewed(live: OpenSession): Promise<void> {
    await this.subscriptions.renew()
    for (const listener of this.listeners) {
      for (const notification of missed(listener.filter, live.capabilities)) await tell(listener, notification)
    }
  }

  private async take(message: LegacyMessage, live: OpenSession): Promise<void> {
    if (message.kind === 'request') return this.ask(message, live)
    if (message.kind !== 'notification') return
    const { method, params, source } = message
    if (method === 'notifications/cancelled') this.withdraw(params?.['requestId'])
    const told = [...this.listeners].filter((listener) => hears(listener, method, params))
    if (told.length === 0) return void this.session.offer(message)
    await Promise.all(told.map((listener) => tell(listener, params ? { method, params, source } : { method })))
  }

  private async ask(message: ServerRequest, live: OpenSession): Promise<void> {
    if (message.method !== 'ping' && this.session.offer({ kind: 'request', ...message })) return
    const listener = [...this.listeners].find((each) => each.onRequest && !refusalOf(each, message))
    // The stream goes on while somebody thinks.
    if (listener && this.questions.size < maxQuestions) return void this.put(message, live, listener)
    await this.session.answer(live, message, unasked(message.method)).catch(() => undefined)
  }

  /** A question outside any request, to the client whose session this is. */
  private async put(ask: ServerRequest, live: OpenSession, { onRequest }: ListenRequest): Promise<void> {
    const { id, method, params, source } = ask
    const given = new AbortController()
    this.questions.set(id, given)
    const signal = AbortSignal.any([given.signal, AbortSignal.timeout(maxQuestionMs)])
    const said = await onRequest?.({ method, params, source: source.at('params') }, signal).catch(() => undefined)
    this.questions.delete(id)
    await this.session.answer(live, ask, said ? answered(said) : unanswered).catch(() => undefined)
  }

  private withdraw(id: unknown): void {
    if (typeof id === 'string' || typeof id === 'number') this.questions.get(id)?.abort(new Error('the server no longer wants to know'))
  }

  private ended(error: Error | undefined): void {
    this.absent ||= this.get?.absent ?? false
    this.kept = false
    this.stop()
    for (const given of this.questions.values()) given.abort(new Error('the session is over'))
    const listeners = [...this.listeners]
    for (const listener of listeners) this.remove(listener, [])
    for (const { onEnd } of listeners) onEnd(error)
  }
}

const unanswered = `"error":${JSON.stringify({ code: -32000, message: 'Nobody answered.' })}`

function answered({ result, source, refusal }: ClientAnswer): string {
  if (refusal) return `"error":${refusalJson(refusal)}`
  return `"result":${isObject(result) && source ? source.toJson(result) : (JSON.stringify(result) ?? 'null')}`
}

/** A legacy client session is told all that its own stream would have told it. */
function hears({ filter, session, client }: ListenRequest, method: string, params: Record<string, unknown> | undefined): boolean {
  if (method === 'notifications/progress' || method === 'notifications/cancelled') return false
  if (method === 'notifications/message')
    return session !== undefined && (client.logLevel === undefined || loggable(params, client.logLevel))
  return wants(filter, method, params) ?? session !== undefined
}

async function tell(listener: ListenRequest, notification: Notification): Promise<void> {
  try {
    await listener.onNotification(notification)
  } catch {
    // This listener is gone; the others are not.
  }
}

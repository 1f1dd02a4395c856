import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '../../../json/is-object.ts'
import { GATEWAY_IDENTITY } from '../../../protocol/facts/gateway-identity.ts'
import { METHOD_NOT_FOUND } from '../../../protocol/facts/rpc-codes.ts'
import { unawaited } from '../../../runtime/awaitable.ts'
import { Cancel } from '../../../runtime/cancellation.ts'
import { protocolFault, timeoutFault } from '../../faults.ts'
import { refusesCredential } from '../../status-fault.ts'
import type { ServerRequest } from '../messages/server-request.ts'
import { legacyBody } from '../messages/request-body.ts'
import type { LegacyRequest } from '../messages/request-body.ts'
import { mayRepeat, sessionLossIn, wantsInitialize } from '../messages/session-loss.ts'
import type { SessionLoss } from '../messages/session-loss.ts'
import { legacyStatusFault, noServerFault, sessionLostFault } from '../messages/status-fault.ts'
import { isLevel, isMoreVerbose } from '../../../protocol/log-level.ts'
import type { LegacyMessage } from '../messages/message.ts'
import { SeenLists } from './seen-lists.ts'
import { openReply } from '../wire/open-reply.ts'
import type { LegacyReply } from '../wire/reply.ts'
import { pingStreamIsFine } from './ping-answer.ts'
import { openSessionOf } from './open-session.ts'
import type { OpenSession } from './open-session.ts'
import { modernErrorOf } from '../messages/result.ts'
import type { SessionWire, WireAddress, WireAnswer } from '../wire/session-wire.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import { messageOf } from '../../../protocol/notification.ts'
import type { ClientFacts, Notification } from '../../../protocol/notification.ts'

/** After a doubt that came to nothing, answers raise no other one for this time. */
const doubtPauseMs = 2000
/** No request has this id. */
const noRequest = 0

/** A request under way. A message on the stream of the session may be about it. */
export interface PendingRequest {
  /** Takes the message if it may be about this request; otherwise returns false. */
  offer(message: LegacyMessage): boolean
  /** Resolves when it has taken enough of what it was offered. Undefined while it can take more. */
  whenRoom(): Promise<void> | undefined
  /** A request of the server was refused, because no client could answer it. It may have been about this request. */
  refused(message: ServerRequest): void
}

/**
 * A session at a legacy server. It is opened when it is first needed, and again when the server has forgotten it.
 *
 * Its state: closed (`current` is undefined), opening (`opening` is set too), open. It is idle when nothing uses
 * it and it is not opening. The pool drops only idle sessions.
 */
export class LegacySession {
  readonly wire: SessionWire
  private readonly client: ClientFacts
  /** Set once `initialize` was sent, until the session is ended or lost. */
  private current: Promise<OpenSession> | undefined
  /** The same promise, while `initialize` is under way. */
  private opening: Promise<OpenSession> | undefined
  /** Requests under way and listeners. */
  private useCount = 0
  private lastUsedMs = Date.now()
  private whenReleased: PromiseWithResolvers<void> | undefined
  private readonly pendingRequests = new Set<PendingRequest>()
  private streamAttached = false
  private lastId = 0
  private levelChanges = Promise.resolve()
  /** What the lists of the session were when they were last read. */
  readonly lists = new SeenLists()
  /** A lost session is being replaced. */
  private replacing: Promise<OpenSession> | undefined
  /** A new session was of no use: the next one is opened only after another request has failed in the old one too. */
  private mistrusts = false
  private nextDoubtMs = 0

  constructor(wire: SessionWire, client: ClientFacts) {
    this.wire = wire
    this.client = client
  }

  /** An id is used only once, even when the session is lost and opened again. */
  nextId(): number {
    return ++this.lastId
  }

  /** Nothing uses the session, so it may be ended. */
  get isIdle(): boolean {
    return this.useCount === 0 && !this.opening && !this.replacing
  }

  /** Idle, and not used since that time. */
  isIdleSince(timeMs: number): boolean {
    return this.isIdle && this.lastUsedMs < timeMs
  }

  /** Counts as a use, without keeping the session in use. */
  touch(): void {
    this.lastUsedMs = Date.now()
  }

  /** Keeps the session in use until `release`. */
  use(): void {
    this.useCount++
  }

  release(): void {
    this.useCount--
    this.touch()
    if (this.useCount === 0) this.whenReleased?.resolve()
  }

  /** A request begins: it uses the session, and may receive messages from the stream of the session. */
  begin(request: PendingRequest): void {
    this.use()
    this.pendingRequests.add(request)
  }

  /** A request that began has finished. */
  finish(request: PendingRequest): void {
    this.pendingRequests.delete(request)
    this.release()
  }

  /** The server can send messages on a stream of the session itself. */
  get hasStream(): boolean {
    return this.streamAttached
  }

  attachStream(): void {
    this.streamAttached = true
  }

  detachStream(): void {
    this.streamAttached = false
  }

  /** Keeps the session in use until the work is done. */
  during<T>(work: () => Promise<T>): Promise<T> {
    this.use()
    return work().finally(() => this.release())
  }

  /** Resolves once nothing uses the session, at the latest after `withinMs`. */
  async whenUnused(withinMs: number): Promise<void> {
    if (this.useCount === 0) return
    this.whenReleased ??= Promise.withResolvers<void>()
    await Promise.race([this.whenReleased.promise, delay(withinMs, undefined, { ref: false })])
  }

  open(): Promise<OpenSession> {
    if (this.current) return this.current
    const opening = this.initialize()
    this.current = opening
    this.opening = opening
    const settle = () => {
      if (this.opening === opening) this.opening = undefined
      this.touch()
    }
    opening.then(settle, () => {
      settle()
      if (this.current === opening) this.current = undefined
    })
    return opening
  }

  /** The session if it is open or opening; this opens none. */
  openIfAny(): Promise<OpenSession> | undefined {
    return this.current
  }

  /**
   * The session that took the place of this one, when the server has lost it; undefined when it lives, or nothing can
   * be found out. Asks the server by a request that every server answers and that changes nothing.
   */
  async renewIfLost(openSession: OpenSession): Promise<OpenSession | undefined> {
    if (this.current && (await this.current) !== openSession) return this.current
    return (await this.answersPing(openSession)) ? undefined : this.renew(openSession).catch(() => undefined)
  }

  /** Replaces a session that the server has lost. All callers that lost the same session get the same new one. */
  async renew(lost: OpenSession): Promise<OpenSession> {
    const current = await this.open()
    if (current !== lost) return current
    this.replacing ??= this.replace().finally(() => (this.replacing = undefined))
    return this.replacing
  }

  /** The lost session stays until the new one is open: a server that refuses all for a while may still know it. */
  private async replace(): Promise<OpenSession> {
    const lost = this.current
    const openSession = await this.initialize()
    if (this.current === lost) this.current = Promise.resolve(openSession)
    else unawaited(this.wire.delete(openSession.headers))
    if (!this.current) throw sessionLostFault('the session was ended')
    return this.current
  }

  /** True also when the server does not answer at all: that proves no loss. */
  private async answersPing(to: OpenSession): Promise<boolean> {
    const id = this.nextId()
    const answer = await this.wire.send(legacyBody({ id, method: 'ping', params: {} }), to.headers, id).catch(() => undefined)
    if (!answer) return true
    const isFine = answer.kind === 'stream' ? await pingStreamIsFine(answer) : lossOf(to, answer, id) === 'none'
    answer.stop()
    return isFine
  }

  /**
   * Posts a request. Resolves with its answer, which is still to be read, and with the session that the request went
   * to: a new one, if the server had lost the earlier one. A request is repeated at most once.
   */
  async post(request: LegacyRequest, cancel?: Cancel, restoreLevel = true): Promise<{ openSession: OpenSession; reply: LegacyReply }> {
    const body = legacyBody(request)
    const openSession = await this.open()
    const answer = await this.wire.post(request.id, body, openSession.headers, cancel)
    const loss = lossOf(openSession, answer, request.id)
    const renewed = loss === 'none' ? undefined : await this.renewAfter(openSession, loss)
    if (!renewed) return { openSession, reply: openReply(this.wire, openSession.headers, answer) }
    answer.stop()
    if (restoreLevel && openSession.logLevel !== undefined) await this.wantLevel(openSession.logLevel)
    if (!mayRepeat(answer.status, request.method)) throw sessionLostFault(`HTTP ${answer.status} to a request`)
    const repeated = await this.wire.post(request.id, body, renewed.headers, cancel)
    this.mistrusts = lossOf(renewed, repeated, request.id) !== 'none'
    return { openSession: renewed, reply: openReply(this.wire, renewed.headers, repeated) }
  }

  /** Undefined when the session is to stay. */
  async renewAfter(openSession: OpenSession, loss: SessionLoss): Promise<OpenSession | undefined> {
    if (loss === 'sure' && !this.mistrusts) return this.renew(openSession)
    if (performance.now() < this.nextDoubtMs) return undefined
    const renewed = await this.renewIfLost(openSession)
    if (!renewed) this.nextDoubtMs = performance.now() + doubtPauseMs
    return renewed
  }

  notify(to: WireAddress, notification: Notification): Promise<void> {
    return this.deliver(to, messageOf(notification))
  }

  /** Answers a request of the server. `outcome` is a `result` or `error` member. The id keeps its original text. */
  answer(to: WireAddress, { source }: Pick<ServerRequest, 'source'>, outcome: string): Promise<void> {
    return this.deliver(to, `{"jsonrpc":"2.0","id":${source.memberJson('id')},${outcome}}`)
  }

  private async deliver(to: WireAddress, message: string): Promise<void> {
    const status = await this.send(to, message)
    if (status >= 300) throw legacyStatusFault(status, 'a message was not accepted')
  }

  /** Forwards a notification of the client. False when the server does not accept it. */
  async forward(to: WireAddress, message: string): Promise<boolean> {
    const status = await this.send(to, message)
    if (status < 300) return true
    if (refusesCredential(status) || status === 429 || status >= 500) throw legacyStatusFault(status, 'a notification was not accepted')
    return false
  }

  private async send(to: WireAddress, message: string): Promise<number> {
    const answer = await this.wire.send(message, to.headers)
    answer.stop()
    const loss = lossOf(to, answer, noRequest)
    // A message that needs no answer is not sent again, so the words of a refusal are enough.
    if (loss === 'sure' || (loss === 'words' && answer.status >= 400)) throw sessionLostFault(`HTTP ${answer.status} to a message`)
    return answer.status
  }

  /**
   * Many servers send requests and log messages on the stream of the session, without naming the request they are
   * about. We take the latest request that can take the message.
   */
  offer(message: LegacyMessage): boolean {
    return [...this.pendingRequests].reverse().some((request) => request.offer(message))
  }

  /** Resolves when a request under way that is behind has caught up. Undefined when none is. */
  whenRoom(): Promise<void> | undefined {
    for (const request of this.pendingRequests) {
      const room = request.whenRoom()
      if (room) return room
    }
    return undefined
  }

  /** Nobody could answer this request of the server: the latest request under way may fail because of it. */
  noteRefused(message: ServerRequest): void {
    ;[...this.pendingRequests].at(-1)?.refused(message)
  }

  /** Sends a request of the gateway itself. Requests of the server are refused meanwhile: no client could answer. */
  async call(method: string, params: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const id = this.nextId()
    const { controlTimeoutMs } = this.wire
    const timeout = new Cancel()
    const timer = setTimeout(() => timeout.abort(timeoutFault(controlTimeoutMs)), controlTimeoutMs).unref()
    try {
      // Without restoring the level: that would be such a request itself, and would wait for its own end.
      const { openSession, reply } = await this.post({ id, method, params }, timeout, false)
      return await this.resultOf(reply, id, (request) => this.answer(openSession, request, answerWithoutClient(request.method)))
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sets the log level of the server, if it logs at all. A more verbose level stays while other users may need it. */
  wantLevel(level: string): Promise<void> {
    this.levelChanges = this.levelChanges.then(() => this.setLevel(level))
    return this.levelChanges
  }

  private async setLevel(level: string): Promise<void> {
    const openSession = await this.open().catch(() => undefined)
    if (!openSession || openSession.logLevel === level || !isLevel(level) || !('logging' in openSession.capabilities)) return
    if (openSession.logLevel !== undefined && this.useCount > 1 && isMoreVerbose(openSession.logLevel, level)) return
    openSession.logLevel = level
    // A server may refuse and log at any level: its log messages are filtered here in any case.
    await this.call('logging/setLevel', { level }).catch(() => undefined)
  }

  async end(): Promise<void> {
    const openSession = await this.current?.catch(() => undefined)
    this.current = undefined
    if (openSession?.sessionId !== undefined) await this.wire.delete(openSession.headers)
  }

  private async initialize(): Promise<OpenSession> {
    try {
      return await this.introduce()
    } catch (error) {
      this.wire.abandon()
      throw error
    }
  }

  private async introduce(): Promise<OpenSession> {
    const { tasks: _, ...capabilities } = this.client.capabilities
    const id = this.nextId()
    const clientInfo = this.client.info ?? GATEWAY_IDENTITY
    const params = { protocolVersion: this.wire.offers, capabilities, clientInfo }
    const answer = await this.wire.initialize(id, JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params }))
    if (answer.status === 404 || answer.status === 405) throw noServerFault(answer.status)
    const reply = openReply(this.wire, {}, answer)
    const result = await this.resultOf(reply, id, () => Promise.resolve()).catch((error: unknown) => {
      // The server refused the session, not the request of the caller, so this is a fault of the server.
      throw error instanceof UpstreamRpcError ? protocolFault(`initialize was refused: ${error.code}`) : error
    })
    const openSession = openSessionOf(result, answer.sessionId)
    await this.notify(openSession, { method: 'notifications/initialized' })
    return openSession
  }

  /** With a limit of time, because everything in the session may wait for this result. */
  private async resultOf(
    reply: LegacyReply,
    id: number,
    refuse: (request: ServerRequest) => Promise<void>,
  ): Promise<Record<string, unknown>> {
    const { controlTimeoutMs } = this.wire
    const timeout = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      timeout.reject(timeoutFault(controlTimeoutMs))
      reply.stop()
    }, controlTimeoutMs).unref()
    const reading = this.readResult(reply, id, refuse)
    // After the timeout nobody awaits its rejection.
    reading.catch(() => undefined)
    return Promise.race([timeout.promise, reading]).finally(() => clearTimeout(timer))
  }

  private async readResult(
    reply: LegacyReply,
    id: number,
    refuse: (request: ServerRequest) => Promise<void>,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const batch = await reply.next()
      if (!batch) throw protocolFault('the answer ended without a result')
      for (const message of batch) {
        if (message.kind === 'request') await refuse(message).catch(() => undefined)
        if (message.kind === 'error' && (message.id === id || message.id === null)) throw modernErrorOf(message)
        if (message.kind !== 'result' || message.id !== id) continue
        reply.release()
        if (!isObject(message.value)) throw protocolFault('a result that is no object')
        return message.value
      }
    }
  }
}

/** The answer to a request of a server when there is no client to ask. */
export const answerWithoutClient = (method: string): string =>
  method === 'ping' ? '"result":{}' : `"error":${JSON.stringify({ code: METHOD_NOT_FOUND, message: 'Method not found' })}`

function lossOf({ sessionId }: WireAddress, answer: WireAnswer, requestId: number): SessionLoss {
  if (sessionId !== undefined) return sessionLossIn(answer, requestId)
  return wantsInitialize(answer) ? 'words' : 'none'
}

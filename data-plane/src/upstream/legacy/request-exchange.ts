import { setImmediate as turn } from 'node:timers/promises'
import { isObject } from '../../json/is-object.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { refusalJson } from '../client-refusal.ts'
import { protocolFault } from '../faults.ts'
import { inputRequestsOf, mayAsk, missingCapabilityError, refusalOf, SERVER_ERROR, sizeRefusalOf } from './messages/server-request.ts'
import type { ServerRequest, Refusal } from './messages/server-request.ts'
import { needsFilter } from './messages/listen-filter.ts'
import { loggable } from '../../protocol/log-level.ts'
import { cancelledIn } from './messages/message.ts'
import type { LegacyMessage } from './messages/message.ts'
import { sessionLostFault } from './messages/status-fault.ts'
import { speaksOfSession } from './messages/session-loss.ts'
import { tokenOf, withToken } from '../../protocol/progress-token.ts'
import type { LegacyReply } from './wire/reply.ts'
import { modernErrorOf, modernResultOf } from './messages/result.ts'
import { MAX_QUESTIONS } from '../../protocol/input-capability.ts'
import { METHOD_NOT_FOUND } from '../../protocol/facts/rpc-codes.ts'
import { answerWithoutClient } from './session/session.ts'
import type { LegacySession, PendingRequest } from './session/session.ts'
import type { OpenSession } from './session/open-session.ts'
import type { Member } from '../../json/verbatim.ts'
import type { UpstreamRequest, UpstreamResult, UpstreamRpcError } from '../upstream.ts'

export type Outcome =
  | { readonly kind: 'result'; readonly result: UpstreamResult }
  /** `requests` is the member `inputRequests` of the result. */
  | { readonly kind: 'inputRequired'; readonly requests: Member }

/** Messages from the stream of the session that wait to be read. */
const maxOffered = 256
/** From this number on, the stream of the session waits for a client that takes its time. */
const manyOffered = maxOffered / 2

/**
 * One request at a legacy server, from its POST to its result. Meanwhile the server may send requests to the client.
 * Then `run` ends with `inputRequired`, and the exchange waits for `resume` with the answers of the client.
 *
 * Its state: not posted (`posting` is undefined), reading, waiting for the client (`serverRequests` is not empty),
 * finished (`finished` is set, and nothing changes any more).
 */
export class RequestExchange implements PendingRequest {
  readonly id: number
  private readonly session: LegacySession
  /** The request of the latest round. */
  private request: UpstreamRequest
  /** Requests of the server that wait for the client, by the keys we gave them. */
  private readonly serverRequests = new Map<string, ServerRequest>()
  private serverRequestCount = 0
  /** Ends the POST, in any state. */
  private readonly cancel = new Cancel()
  /** The server asked for something that this client did not declare. If the request fails, this is its error. */
  private missingCapability: UpstreamRpcError | undefined
  private finished = false
  private posting: Promise<{ openSession: OpenSession; reply: LegacyReply }> | undefined
  private reply: LegacyReply | undefined
  /** The batch that is being read from the answer to the POST. */
  private nextBatch: Promise<LegacyMessage[] | undefined> | undefined
  /** Messages from the stream of the session that wait to be read. */
  private offered: LegacyMessage[] = []
  /** Resolves when a message is offered. */
  private messageOffered = Promise.withResolvers<void>()
  /** Resolves when the offered messages have been read, or never will be. */
  private roomMade: PromiseWithResolvers<void> | undefined

  constructor(session: LegacySession, request: UpstreamRequest) {
    this.session = session
    this.id = session.nextId()
    this.request = request
    session.begin(this)
  }

  /** Posts the request and reads until its result, or until the server asks the client. */
  run(): Promise<Outcome> {
    return this.untilCancelled(async () => {
      const { method, params, source, client } = this.request
      if (client.logLevel !== undefined) await this.session.wantLevel(client.logLevel)
      this.posting = this.session.post({ id: this.id, method, params: withToken(params, this.id), source }, this.cancel)
      return this.read(this.posting)
    })
  }

  /** Sends the server the answers of the client. Answers that are missing are asked for again. */
  resume(request: UpstreamRequest, answers: Readonly<Record<string, unknown>>): Promise<Outcome> {
    this.request = request
    return this.untilCancelled(async () => {
      for (const [key, serverRequest] of this.serverRequests) {
        const outcome = outcomeOf(key, request, answers)
        if (outcome === undefined) continue
        this.serverRequests.delete(key)
        await this.session.answer(await this.openSession(), serverRequest, outcome)
      }
      if (this.serverRequests.size > 0 || !this.posting) return this.inputRequired()
      return this.read(this.posting)
    })
  }

  offer(message: LegacyMessage): boolean {
    if (this.finished || this.offered.length >= maxOffered || !this.mayBeMine(message)) return false
    this.offered.push(message)
    this.messageOffered.resolve()
    return true
  }

  /** While the server waits for the client nothing is read here: then the stream does not wait for this request. */
  whenRoom(): Promise<void> | undefined {
    if (this.finished || this.offered.length < manyOffered || this.serverRequests.size > 0) return undefined
    this.roomMade ??= Promise.withResolvers<void>()
    return this.roomMade.promise
  }

  private makeRoom(): void {
    this.roomMade?.resolve()
    this.roomMade = undefined
  }

  refused(message: ServerRequest): void {
    if (mayAsk(this.request)) this.missingCapability ??= missingCapabilityError(this.request.client.capabilities, message)
  }

  /** Ends the exchange without a result. The server gets errors for its requests, and `notifications/cancelled`. */
  async abandon(reason: string): Promise<void> {
    if (this.finished) return
    // So that the session does not end before the server has received these messages.
    this.session.use()
    this.finish()
    try {
      if (!this.posting) return
      // Also while the POST has no answer yet: the server may be at work.
      const openSession = await this.openSession()
      const error = `"error":${JSON.stringify({ code: SERVER_ERROR, message: reason })}`
      for (const serverRequest of this.serverRequests.values()) await this.session.answer(openSession, serverRequest, error)
      await this.session.notify(openSession, { method: 'notifications/cancelled', params: { requestId: this.id, reason } })
    } catch {
      // The server cannot be reached, so there is nothing to cancel.
    } finally {
      this.session.release()
    }
  }

  private async openSession(): Promise<OpenSession> {
    return this.reply && this.posting ? (await this.posting).openSession : this.session.open()
  }

  /** Runs one round. A cancellation by the client ends it at once, and the exchange with it. */
  private async untilCancelled(work: () => Promise<Outcome>): Promise<Outcome> {
    const { cancel } = this.request
    const cancelled = Promise.withResolvers<never>()
    const unsubscribe = cancel.subscribe((cause) => cancelled.reject(cause))
    try {
      const outcome = await (cancel.cancelled ? cancelled.promise : Promise.race([cancelled.promise, work()]))
      if (outcome.kind === 'result') this.finish(true)
      return outcome
    } catch (error) {
      if (cancel.cancelled) unawaited(this.abandon('The client cancelled the request.'))
      this.finish()
      throw error
    } finally {
      unsubscribe()
    }
  }

  private finish(answered = false): void {
    if (this.finished) return
    this.finished = true
    this.makeRoom()
    this.session.finish(this)
    if (answered) return this.reply?.release()
    this.reply?.stop()
    this.cancel.abort(new Error('no longer wanted'))
  }

  private inputRequired(): Outcome {
    this.makeRoom()
    return { kind: 'inputRequired', requests: inputRequestsOf(this.serverRequests) }
  }

  private async read(posting: Promise<{ openSession: OpenSession; reply: LegacyReply }>): Promise<Outcome> {
    for (;;) {
      const batch = await this.readBatch(posting)
      if (!batch || this.finished) throw protocolFault('the stream ended without a result')
      for (const message of batch) {
        // A batch may be long. When the exchange finishes meanwhile, the rest of the batch is not read.
        if (this.finished) break
        const result = await this.take(message)
        if (!result) continue
        await this.readLastOffered()
        return { kind: 'result', result }
      }
      if (this.serverRequests.size > 0) return this.inputRequired()
    }
  }

  /** The next messages, from the answer to the POST or from the stream of the session. */
  private async readBatch(posting: Promise<{ openSession: OpenSession; reply: LegacyReply }>): Promise<LegacyMessage[] | undefined> {
    this.nextBatch ??= this.readReply(posting)
    if (this.offered.length === 0) {
      this.messageOffered = Promise.withResolvers<void>()
      await Promise.race([this.nextBatch, this.messageOffered.promise])
    }
    if (this.offered.length > 0) return this.readOffered()
    const batch = await this.nextBatch
    this.nextBatch = undefined
    return batch
  }

  /** Questions that the server asks at once are put to the client together. */
  private async readOffered(): Promise<LegacyMessage[]> {
    if (this.offered.some(({ kind }) => kind === 'request')) await arrivals()
    return this.takeOffered()
  }

  private takeOffered(): LegacyMessage[] {
    this.makeRoom()
    return this.offered.splice(0)
  }

  /**
   * Messages that the server sent on the stream of the session before its result have arrived too, on another
   * connection.
   */
  private async readLastOffered(): Promise<void> {
    if (!this.session.hasStream) return
    await arrivals()
    for (const message of this.offered.splice(0)) {
      if (message.kind === 'notification') await this.pass(message)
      // The call has its result, so the client cannot be asked during it any more.
      else if (message.kind === 'request')
        await this.session.answer(await this.openSession(), message, answerWithoutClient(message.method)).catch(() => undefined)
    }
  }

  private readReply(posting: Promise<{ openSession: OpenSession; reply: LegacyReply }>): Promise<LegacyMessage[] | undefined> {
    const batch = posting.then(({ reply }) => {
      this.reply = reply
      return reply.next()
    })
    // It may reject between two rounds, when nothing awaits it. The next round meets the error.
    batch.catch(() => undefined)
    return batch
  }

  private async take(message: LegacyMessage): Promise<UpstreamResult | undefined> {
    switch (message.kind) {
      case 'request':
        await this.takeServerRequest(message)
        return undefined
      case 'notification':
        await this.pass(message)
        return undefined
      case 'result':
        if (message.id !== this.id) throw protocolFault('an answer to a request that was not asked here')
        this.session.lists.note(this.request.method, this.request.params, message.value)
        return modernResultOf(message.value, message.source)
      case 'error':
        // A server that could not read the request cannot know its id (JSON-RPC 2.0, section 5).
        if (message.id !== this.id && message.id !== null) throw protocolFault('an answer to a request that was not asked here')
        await this.checkSession(message.message)
        throw this.missingCapability ?? modernErrorOf(message)
    }
  }

  /** An error in a stream may say that the server has lost the session. Throws when a ping shows that it has. */
  private async checkSession(errorText: string): Promise<void> {
    if (!this.posting || !this.reply?.isStream || !speaksOfSession(errorText)) return
    const renewed = await this.session.renewAfter((await this.posting).openSession, 'words')
    if (renewed) throw sessionLostFault('an error in a stream')
  }

  private async takeServerRequest(request: ServerRequest): Promise<void> {
    const { method } = request
    const refusal = method === 'ping' ? undefined : this.refusalFor(request)
    if (method !== 'ping' && !refusal)
      return void this.serverRequests.set(`${method.split('/', 1)[0]}-${++this.serverRequestCount}`, request)
    if (refusal) this.missingCapability ??= missingCapabilityError(this.request.client.capabilities, request)
    const openSession = await this.openSession()
    await this.session
      .answer(openSession, request, refusal ? `"error":${JSON.stringify(refusal)}` : answerWithoutClient(method))
      .catch(() => undefined)
  }

  private refusalFor(request: ServerRequest): Refusal | undefined {
    if (!mayAsk(this.request)) return { code: METHOD_NOT_FOUND, message: 'Method not found' }
    if (this.serverRequests.size >= MAX_QUESTIONS) return { code: SERVER_ERROR, message: 'Too many requests at once' }
    return sizeRefusalOf(request) ?? refusalOf(this.request, request)
  }

  /** Whether a message that names no request may be about this one. */
  private mayBeMine(message: LegacyMessage): boolean {
    if (message.kind === 'request') return !this.refusalFor(message)
    if (message.kind !== 'notification') return false
    const { method, params } = message
    if (method === 'notifications/message') return this.mayReceiveLog(params)
    if (method === 'notifications/progress') return params?.['progressToken'] === this.id
    if (method === 'notifications/cancelled') return this.isServerRequest(cancelledIn(message))
    // In the session of a legacy client, any other notification without a stream of its own may go to this client.
    return this.request.session !== undefined && !needsFilter(method)
  }

  /** A client that set no level receives all log messages in a session of its own, and none in a shared session. */
  private mayReceiveLog(params: Record<string, unknown> | undefined): boolean {
    const { session, client } = this.request
    return client.logLevel === undefined ? session !== undefined : loggable(params, client.logLevel)
  }

  private async pass(message: Extract<LegacyMessage, { kind: 'notification' }>): Promise<void> {
    const { method, params, source } = message
    const { onNotification, params: requestParams } = this.request
    if (method === 'notifications/message' && !this.mayReceiveLog(params)) return
    if (method === 'notifications/cancelled') return this.withdraw(cancelledIn(message))
    if (method !== 'notifications/progress') return onNotification(params ? { method, params, source } : { method })
    const progressToken = tokenOf(requestParams)
    if (progressToken === undefined || params?.['progressToken'] !== this.id) return
    await onNotification({ method, params: { ...params, progressToken }, source })
  }

  private isServerRequest(id: unknown): boolean {
    const isOffered = this.offered.some((message) => message.kind === 'request' && message.id === id)
    return isOffered || [...this.serverRequests.values()].some((request) => request.id === id)
  }

  /** The server cancelled a request of its own. */
  private withdraw(id: unknown): void {
    for (const [key, request] of this.serverRequests) if (request.id === id) this.serverRequests.delete(key)
  }
}

/** One turn of the event loop reads what has arrived on a stream, the next one offers it to an exchange. */
async function arrivals(): Promise<void> {
  await turn()
  await turn()
}

/** The answer of the client to one request, as a `result` or `error` member in JSON. Undefined if there is none. */
function outcomeOf(key: string, { refusals, source }: UpstreamRequest, answers: Readonly<Record<string, unknown>>): string | undefined {
  const refusal = refusals?.get(key)
  if (refusal) return `"error":${refusalJson(refusal)}`
  const result = Object.hasOwn(answers, key) ? answers[key] : undefined
  if (!isObject(result)) return undefined
  return `"result":${source?.at('inputResponses', key)?.toJson(result) ?? JSON.stringify(result)}`
}

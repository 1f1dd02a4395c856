import { setImmediate as turn } from 'node:timers/promises'
import { isObject } from '../../json/is-object.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { refusalJson } from '../client-refusal.ts'
import { protocolFault } from '../faults.ts'
import { inputRequests, lacking, mayAsk, refusalOf } from './messages/server-request.ts'
import type { ServerRequest, Refusal } from './messages/server-request.ts'
import { legacyBody } from './messages/request-body.ts'
import { isOfLists } from './messages/listen-filter.ts'
import { loggable } from '../../protocol/log-level.ts'
import type { LegacyMessage } from './messages/message.ts'
import { tokenOf, withToken } from '../../protocol/progress-token.ts'
import type { LegacyReply } from './wire/reply.ts'
import { completed, METHOD_NOT_FOUND, relayed } from './messages/result.ts'
import { unasked } from './session/session.ts'
import type { LegacySession, OpenSession, PendingRequest } from './session/session.ts'
import type { Member } from '../../json/verbatim.ts'
import type { UpstreamRequest, UpstreamResult, UpstreamRpcError } from '../upstream.ts'

export type Outcome =
  | { readonly kind: 'result'; readonly result: UpstreamResult }
  /** `inputRequests` of a result. */
  | { readonly kind: 'asks'; readonly requests: Member }

/** In one round. */
const maxAsks = 16
/** From the session's own stream, not yet looked at. */
const maxOffered = 256

/** One request at a legacy server, from its POST to its result; in between the server may ask, and the exchange waits for the client's next round. */
export class RequestExchange implements PendingRequest {
  readonly id: number
  private readonly session: LegacySession
  /** As of the latest round. */
  private request: UpstreamRequest
  private readonly asks = new Map<string, ServerRequest>()
  private asked = 0
  /** Ends the POST, wherever it is. */
  private readonly cancel = new Cancel()
  /** What the server asked and this client did not declare, should the request fail for it. */
  private missing: UpstreamRpcError | undefined
  private over = false
  private posted: Promise<{ live: OpenSession; reply: LegacyReply }> | undefined
  private reply: LegacyReply | undefined
  private reading: Promise<LegacyMessage[] | undefined> | undefined
  private offered: LegacyMessage[] = []
  private woken = Promise.withResolvers<void>()

  constructor(session: LegacySession, request: UpstreamRequest) {
    this.session = session
    this.id = session.nextId()
    this.request = request
    session.use()
    session.working.add(this)
  }

  /** Posts the request and reads up to its result, or to what the server asks. */
  run(): Promise<Outcome> {
    return this.during(async () => {
      const { method, params, source, client } = this.request
      if (client.logLevel !== undefined) await this.session.wantLevel(client.logLevel)
      this.posted = this.session.post(legacyBody({ id: this.id, method, params: withToken(params, this.id), source }), this.cancel)
      return this.read(this.posted)
    })
  }

  /** Hands the server the answers it waits for; asks again for those that are missing. */
  resume(request: UpstreamRequest, answers: Readonly<Record<string, unknown>>): Promise<Outcome> {
    this.request = request
    return this.during(async () => {
      for (const [key, ask] of this.asks) {
        const answer = answerTo(key, request, answers)
        if (answer === undefined) continue
        this.asks.delete(key)
        await this.session.answer(await this.live(), ask, answer)
      }
      if (this.asks.size > 0 || !this.posted) return this.asking()
      return this.read(this.posted)
    })
  }

  offer(message: LegacyMessage): boolean {
    if (this.over || this.offered.length >= maxOffered || !this.isMine(message)) return false
    this.offered.push(message)
    this.woken.resolve()
    return true
  }

  /** Nobody will answer: the server is told, and that its work is not wanted any more. */
  async abandon(reason: string): Promise<void> {
    if (this.over) return
    // Not ended before the server is told.
    this.session.use()
    this.finish()
    try {
      if (!this.posted) return
      // Told even while the POST is unanswered: the server may be at work.
      const live = await this.live()
      const error = `"error":${JSON.stringify({ code: -32000, message: reason })}`
      for (const ask of this.asks.values()) await this.session.answer(live, ask, error)
      await this.session.tell(live, { method: 'notifications/cancelled', params: { requestId: this.id, reason } })
    } catch {
      // The server is gone, and the request with it.
    } finally {
      this.session.release()
    }
  }

  private async live(): Promise<OpenSession> {
    return this.reply && this.posted ? (await this.posted).live : this.session.open()
  }

  private async during(work: () => Promise<Outcome>): Promise<Outcome> {
    const { cancel } = this.request
    const cancelled = Promise.withResolvers<never>()
    const forget = cancel.subscribe((cause) => cancelled.reject(cause))
    try {
      const outcome = await (cancel.cancelled ? cancelled.promise : Promise.race([cancelled.promise, work()]))
      if (outcome.kind === 'result') this.finish(true)
      return outcome
    } catch (error) {
      if (cancel.cancelled) void this.abandon('The client cancelled the request.')
      this.finish()
      throw error
    } finally {
      forget()
    }
  }

  private finish(answered = false): void {
    if (this.over) return
    this.over = true
    this.session.working.delete(this)
    this.session.release()
    if (answered) return this.reply?.release()
    this.reply?.stop()
    this.cancel.abort(new Error('no longer wanted'))
  }

  private asking(): Outcome {
    return { kind: 'asks', requests: inputRequests(this.asks) }
  }

  private async read(posted: Promise<{ live: OpenSession; reply: LegacyReply }>): Promise<Outcome> {
    for (;;) {
      const batch = await this.batch(posted)
      if (!batch || this.over) throw protocolFault('the stream ended without a result')
      for (const message of batch) {
        // However much came in one piece: of a request that is over nothing more is taken.
        if (this.over) break
        const result = await this.take(message)
        if (!result) continue
        await this.hearOut()
        return { kind: 'result', result }
      }
      if (this.asks.size > 0) return this.asking()
    }
  }

  /** What came next: on the POST's own stream, or on the session's. */
  private async batch(posted: Promise<{ live: OpenSession; reply: LegacyReply }>): Promise<LegacyMessage[] | undefined> {
    this.reading ??= this.next(posted)
    if (this.offered.length === 0) {
      this.woken = Promise.withResolvers<void>()
      await Promise.race([this.reading, this.woken.promise])
    }
    if (this.offered.length > 0) return this.offered.splice(0)
    const batch = await this.reading
    this.reading = undefined
    return batch
  }

  /** What the server said before its result on the session's stream has come too, on another connection: one turn of the loop reads it, the next hands it on. */
  private async hearOut(): Promise<void> {
    if (!this.session.hasStream) return
    await turn()
    await turn()
    for (const message of this.offered.splice(0)) {
      if (message.kind === 'notification') await this.pass(message)
      // The call is over, and nobody can be asked for it any more.
      else if (message.kind === 'request')
        await this.session.answer(await this.live(), message, unasked(message.method)).catch(() => undefined)
    }
  }

  private next(posted: Promise<{ live: OpenSession; reply: LegacyReply }>): Promise<LegacyMessage[] | undefined> {
    const reading = posted.then(({ reply }) => {
      this.reply = reply
      return reply.next()
    })
    // It may break while nobody reads, between two rounds: that is found out on the next.
    reading.catch(() => undefined)
    return reading
  }

  private async take(message: LegacyMessage): Promise<UpstreamResult | undefined> {
    switch (message.kind) {
      case 'request':
        await this.takeAsk(message)
        return undefined
      case 'notification':
        await this.pass(message)
        return undefined
      case 'result':
        if (message.id !== this.id) throw protocolFault('an answer to a request that was not asked here')
        return completed(message.value, message.source)
      case 'error':
        // Who could not read a request cannot know its id (JSON-RPC 2.0, section 5).
        if (message.id !== this.id && message.id !== null) throw protocolFault('an answer to a request that was not asked here')
        throw this.missing ?? relayed(message)
    }
  }

  private async takeAsk(ask: ServerRequest): Promise<void> {
    const { method } = ask
    const refused = method === 'ping' ? undefined : this.refused(ask)
    if (method !== 'ping' && !refused) return void this.asks.set(`${method.split('/', 1)[0]}-${++this.asked}`, ask)
    if (refused) this.missing ??= lacking(this.request.client.capabilities, ask)
    const live = await this.live()
    await this.session.answer(live, ask, refused ? `"error":${JSON.stringify(refused)}` : unasked(method)).catch(() => undefined)
  }

  private refused(ask: ServerRequest): Refusal | undefined {
    if (!mayAsk(this.request)) return { code: METHOD_NOT_FOUND, message: 'Method not found' }
    if (this.asks.size >= maxAsks) return { code: -32000, message: 'Too many requests at once' }
    return refusalOf(this.request, ask)
  }

  /** Whether a message that names no request may be about this one. */
  private isMine(message: LegacyMessage): boolean {
    if (message.kind === 'request') return !this.refused(message)
    if (message.kind !== 'notification') return false
    const { method, params } = message
    if (method === 'notifications/message') return this.mayHear(params)
    if (method === 'notifications/progress') return params?.['progressToken'] === this.id
    if (method === 'notifications/cancelled') return this.isAsked(params?.['requestId'])
    // A session of one client alone: what has no stream of its own to go by may ride on this one.
    return this.request.session !== undefined && !isOfLists(method)
  }

  /** Who never set a level is told what the server likes, in a session of its own; in a shared one, nothing. */
  private mayHear(params: Record<string, unknown> | undefined): boolean {
    const { session, client } = this.request
    return client.logLevel === undefined ? session !== undefined : loggable(params, client.logLevel)
  }

  private async pass({ method, params, source }: Extract<LegacyMessage, { kind: 'notification' }>): Promise<void> {
    const { onNotification, params: own } = this.request
    if (method === 'notifications/message' && !this.mayHear(params)) return
    if (method === 'notifications/cancelled') return this.withdraw(params?.['requestId'])
    if (method !== 'notifications/progress') return onNotification(params ? { method, params, source } : { method })
    const progressToken = tokenOf(own)
    if (progressToken === undefined || params?.['progressToken'] !== this.id) return
    await onNotification({ method, params: { ...params, progressToken }, source })
  }

  private isAsked(id: unknown): boolean {
    return this.offered.some((one) => one.kind === 'request' && one.id === id) || [...this.asks.values()].some((ask) => ask.id === id)
  }

  /** The server no longer wants to know. */
  private withdraw(id: unknown): void {
    for (const [key, ask] of this.asks) if (ask.id === id) this.asks.delete(key)
  }
}

/** What the client says to one question: a result, or the error it gave, as a member of an answer; undefined where it says nothing. */
function answerTo(key: string, { refusals, source }: UpstreamRequest, answers: Readonly<Record<string, unknown>>): string | undefined {
  const refusal = refusals?.get(key)
  if (refusal) return `"error":${refusalJson(refusal)}`
  const result = Object.hasOwn(answers, key) ? answers[key] : undefined
  if (!isObject(result)) return undefined
  return `"result":${source?.at('inputResponses', key)?.toJson(result) ?? JSON.stringify(result)}`
}

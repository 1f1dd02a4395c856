import { unawaited } from '../../../runtime/awaitable.ts'
import type { Awaitable } from '../../../runtime/awaitable.ts'
import { Cancel } from '../../../runtime/cancellation.ts'
import { asError } from '../../as-error.ts'
import { protocolFault, timeoutFault, unreachableFault } from '../../faults.ts'
import { Throttle } from '../../http/throttle.ts'
import type { SseEvent } from '../../http/sse-parser.ts'
import type { LegacyMessage, ServerId } from '../messages/message.ts'
import { noSseServerFault } from '../messages/status-fault.ts'
import { endpointOf } from './sse-endpoint.ts'
import { readMessages } from './reply.ts'
import { SseReply } from './sse-reply.ts'
import type { Inbound, WireAddress, WireAnswer, WireHeaders } from './session-wire.ts'
import type { LegacyWire } from './wire.ts'

/** Messages that answer nothing and are still being passed on. At this number the stream waits. */
const maxPassing = 64

/**
 * The stream of a session in the HTTP+SSE transport of 2024-11-05. Its first event says where messages are posted to.
 * All that the server says comes on it, so the session ends with it, and every request without an answer fails then.
 *
 * Its state: opening (`endpoint` is undefined), open, ended (`ending` is set).
 */
export class SseStream {
  readonly address: WireAddress & { readonly sessionId: string }
  private readonly http: LegacyWire
  private readonly inbound: Inbound
  private readonly cancel = new Cancel()
  private readonly throttle = new Throttle()
  private readonly replies = new Map<number, SseReply>()
  private readonly opened = Promise.withResolvers<URL>()
  /** The server has sent the head of the stream. */
  private answered = false
  private endpoint: URL | undefined
  private ending: Error | undefined
  /** A message without an id was sent. Some servers answer it all the same, by an error without an id. */
  private saidUnasked = false
  /** Such an error was logged. Each further one says the same. */
  private loggedNoId = false
  /** The highest id of a request that was sent. */
  private lastAskedId = 0
  private passing = 0
  private passed = Promise.withResolvers<void>()

  constructor(sessionId: string, http: LegacyWire, inbound: Inbound) {
    this.address = { sessionId, headers: { [SESSION_HEADER]: sessionId } }
    this.http = http
    this.inbound = inbound
    this.opened.promise.catch(() => undefined)
  }

  get ended(): boolean {
    return this.ending !== undefined
  }

  /** Resolves once the server has named its endpoint. Rejects with `UpstreamFault`; then the stream has ended. */
  async open(): Promise<void> {
    const { controlTimeoutMs } = this.http
    const timer = setTimeout(() => this.end(this.silenceFault(controlTimeoutMs)), controlTimeoutMs).unref()
    this.read().catch((error: unknown) => this.end(asError(error)))
    await this.opened.promise.finally(() => clearTimeout(timer))
  }

  /** Posts a request. Resolves with its answer, still to be read, once the server has accepted or answered it. */
  async post(id: number, body: string, headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer> {
    const reply = new SseReply()
    const forget = () => void this.replies.delete(id)
    if (this.ending) throw this.ending
    this.replies.set(id, reply)
    this.lastAskedId = Math.max(this.lastAskedId, id)
    const posting = this.http.post(id, body, withoutSession(headers), cancel, this.endpoint)
    try {
      // Some servers answer the POST only after they have sent the answer to the request, or never.
      const refusal = await Promise.race([posting.then(refusalOf), reply.settled])
      unawaited(posting.then((answer) => answer.stop()))
      if (!refusal) return reply.answer(this.address.sessionId, forget)
      forget()
      return refusal
    } catch (error) {
      forget()
      throw error
    }
  }

  async send(body: string, headers: WireHeaders, id = 0): Promise<WireAnswer> {
    if (this.ending) throw this.ending
    this.lastAskedId = Math.max(this.lastAskedId, id)
    this.saidUnasked ||= id === 0
    return this.http.send(body, withoutSession(headers), id, this.endpoint)
  }

  /** Ends the session: a server of this transport notices that its stream is closed. */
  stop(): void {
    this.end(unreachableFault('the session was ended'), false)
  }

  /** Ends the session because another takes its place. */
  replace(): void {
    this.end(unreachableFault('the session was replaced'))
  }

  private silenceFault(afterMs: number): Error {
    return this.answered ? protocolFault(`no endpoint event within ${afterMs / 1000} s`) : timeoutFault(afterMs)
  }

  private end(fault: Error, told = true): void {
    if (this.ending) return
    this.ending = fault
    this.cancel.abort(fault)
    this.opened.reject(fault)
    this.passed.resolve()
    for (const reply of this.replies.values()) reply.fail(fault)
    this.replies.clear()
    if (told && this.endpoint) this.inbound.lost(fault, this.address)
  }

  private async read(): Promise<void> {
    const answer = await this.http.get({}, this.cancel)
    if (answer.status !== 200 || answer.kind !== 'stream') {
      answer.stop()
      throw noSseServerFault(answer.status)
    }
    this.answered = true
    for (;;) {
      const events = await answer.next()
      if (!events) throw unreachableFault('the stream of the session ended')
      for (const event of events) {
        if (this.ending) return answer.stop()
        await this.takeEvent(event)
      }
    }
  }

  private async takeEvent({ event, data }: SseEvent): Promise<void> {
    if (event === 'endpoint') return this.takeEndpoint(data)
    if (event !== 'message' || data === '') return this.throttle.next()
    if (!this.endpoint) throw protocolFault('the stream did not begin with an endpoint event')
    for (const message of await readMessages(data)) if (!this.ending) await this.takeMessage(message)
  }

  private takeEndpoint(data: string): Awaitable<void> {
    const endpoint = endpointOf(data, this.http.url)
    if (this.endpoint && this.endpoint.href !== endpoint.href) throw protocolFault('a second endpoint event, with another address')
    if (this.endpoint) return this.throttle.next()
    this.endpoint = endpoint
    this.opened.resolve(endpoint)
  }

  private async takeMessage(message: LegacyMessage): Promise<void> {
    if (message.kind === 'request' || message.kind === 'notification') return this.pass(message)
    const id = message.kind === 'error' && message.id === null ? this.requestWithoutId(message.code) : this.requestOf(message.id)
    const reply = id === undefined ? undefined : this.replies.get(id)
    if (!reply || id === undefined) return this.throttle.next()
    this.replies.delete(id)
    reply.take(message)
  }

  /** The id of the request that an answer names. */
  private requestOf(id: ServerId | null): number {
    if (typeof id === 'number' && Number.isInteger(id) && id > 0 && id <= this.lastAskedId) return id
    throw protocolFault('an answer to a request that was not asked here')
  }

  /**
   * A server that could not read a request cannot know its id (JSON-RPC 2.0, section 5). So far only `initialize` was
   * sent, or the error may be about a notification: then it is no answer to a call, which the server may well run.
   */
  private requestWithoutId(code: number): number | undefined {
    if (!this.saidUnasked) return this.replies.keys().next().value
    if (!this.loggedNoId) this.http.log('an error of the server names no request, and is ignored', { code })
    this.loggedNoId = true
    return undefined
  }

  private async pass(message: LegacyMessage): Promise<void> {
    await this.throttle.next()
    this.passing++
    const passed = () => {
      this.passing--
      this.passed.resolve()
    }
    // Not awaited: an answer must not wait for a listener that is slow. The message has been told apart already.
    this.inbound.receive(message, this.address).then(passed, passed)
    while (this.passing >= maxPassing && !this.ending) {
      this.passed = Promise.withResolvers<void>()
      await this.passed.promise
    }
  }
}

/** Names the session inside the gateway. In this transport the endpoint names it, so no server is sent this header. */
export const SESSION_HEADER = 'mcp-session-id'

function withoutSession(headers: WireHeaders): WireHeaders {
  const { [SESSION_HEADER]: _, ...others } = headers
  return others
}

/** The answer to a POST, if it is no acceptance. */
const refusalOf = (answer: WireAnswer): WireAnswer | undefined => (answer.status < 300 ? undefined : answer)

import type { IncomingMessage } from 'node:http'
import { GatewayError } from '@bir/sdk/contract/errors'
import type { Incoming } from '../pipeline/call/types.ts'
import { AnswerStream } from './answer-stream.ts'
import { answerBatch } from './batch.ts'
import { noChannel } from '../protocol/channel/channel.ts'
import { classify, paramHeadersIn } from './classify.ts'
import { ServedByOtherPlane } from '../peers/served-by-other-plane.ts'
import { noStreamWithoutSession } from './older-transport.ts'
import { renderError } from './error-response.ts'
import type { Forwarder } from '../peers/forward.ts'
import { idIn, readMessage, readResponse } from '../protocol/json-rpc.ts'
import { messageOf } from '../protocol/notification.ts'
import type { Message } from '../protocol/json-rpc.ts'
import { newCall } from './new-call.ts'
import type { IdentifiedCall } from './new-call.ts'
import type { BodyBudget, BodyLease } from '../http/body-budget.ts'
import type { Caller, IdentifyCaller } from '../policy/caller.ts'
import { readBody } from '../http/read-body.ts'
import type { Body } from '../http/read-body.ts'
import { acceptsJson } from '../http/negotiate.ts'
import { sendError, sendNothing } from '../http/respond.ts'
import { Slots } from '../runtime/slots.ts'
import type { HttpCall } from '../http/http-call.ts'
import type { Method, Methods } from '../pipeline/call/method.ts'
import type { RecordRefusal } from './record-refusal.ts'

/**
 * When a client opens the stream of its session again. Official clients of the legacy era try twice at this distance
 * and then give up: a plane that starts again within twice this time finds them.
 */
const reopenMs = 10_000

interface Options {
  methods: Methods
  identify: IdentifyCaller
  /** What the bodies of all unfinished requests may hold. */
  bodies: BodyBudget
  recordRefusal: RecordRefusal
  maxRequestBytes: number
  /** Undefined where there are no other planes. */
  forwarder: Forwarder | undefined
}

/** One HTTP request to an MCP endpoint: bytes in, one message or (2025-03-26) several; bytes or a stream out. */
export class McpExchange {
  private readonly options: Options
  /** The requests without an answer. */
  private readonly unfinished = new Slots<HttpCall>()
  /** Why the plane, which stops, cuts what is under way. Undefined while it does not. */
  private stopped: GatewayError | undefined

  constructor(options: Options) {
    this.options = options
  }

  /** The order matters: nothing of a body is kept before its sender is known. */
  async handle(http: HttpCall): Promise<void> {
    const { request, response, endpoint, headers } = http
    const place = this.unfinished.add(http)
    let caller: Caller | undefined
    let body: Body | undefined
    let lease: BodyLease | undefined
    try {
      const paramHeaders = paramHeadersIn(request.rawHeaders)
      const identified = this.options.identify(request.headers.authorization, endpoint)
      caller = identified instanceof Promise ? await identified : identified
      const call: IdentifiedCall = { ...http, caller, paramHeaders }
      if (request.method === 'GET' || request.method === 'DELETE') return await this.session(call, request.method)
      if (request.method !== 'POST') throw new GatewayError('methodNotAllowed', `${request.method} on an MCP endpoint`)
      refuseUnacceptable(request)
      lease = this.options.bodies.open(caller.token.subject.id)
      body = await readBody(request, this.options.maxRequestBytes, lease)
      await this.post(call, body)
    } catch (error) {
      if (error instanceof ServedByOtherPlane) return await this.forward(http, error, body, caller)
      const fault = GatewayError.from(error)
      this.options.recordRefusal({ ...http, caller }, fault)
      sendError(response, fault, { id: body ? idIn(body.value, body.text) : null, modern: false, endpoint, headers })
    } finally {
      lease?.end()
      this.unfinished.remove(place, http)
    }
  }

  /** From now on a connection that closes was closed by this plane. Returns how many requests have no answer yet. */
  stop(refusal: GatewayError): number {
    this.stopped ??= refusal
    return this.unfinished.size
  }

  /** Answers every request that has no answer yet, whatever it waits for. A stream that has begun cannot be told. */
  refuseUnfinished(refusal: GatewayError): void {
    for (const [, { response, endpoint, headers }] of this.unfinished)
      sendError(response, refusal, { id: null, modern: false, endpoint, headers })
  }

  /** Answers at an address where clients look for MCP and find none. Whoever has no good token learns of that first. */
  async refuseAddress(http: HttpCall, publicMessage: string): Promise<void> {
    const { request, response, endpoint, headers } = http
    try {
      await this.options.identify(request.headers.authorization, endpoint)
      throw new GatewayError('notFound', 'no endpoint', { publicMessage })
    } catch (error) {
      const fault = GatewayError.from(error)
      this.options.recordRefusal(http, fault)
      sendError(response, fault, { id: null, modern: false, endpoint, headers })
    }
  }

  private async forward(http: HttpCall, { home }: ServedByOtherPlane, body: Body | undefined, caller: Caller | undefined): Promise<void> {
    const { response, endpoint, headers } = http
    try {
      if (http.isForwarded || !this.options.forwarder)
        throw new GatewayError('unknownSession', 'its home is not here', { reason: 'home-gone' })
      await this.options.forwarder.forward(home, http, body?.text ?? '')
    } catch (error) {
      const fault = GatewayError.from(error)
      this.options.recordRefusal({ ...http, caller }, fault)
      sendError(response, fault, { id: body ? idIn(body.value, body.text) : null, modern: false, endpoint, headers })
    }
  }

  /** Tells the other planes of this request. Those that can be reached know of it before the client is answered. */
  private async broadcast(http: HttpCall, body: string): Promise<void> {
    if (!http.isForwarded) await this.options.forwarder?.broadcast(http, body)
  }

  private post(http: IdentifiedCall, { value, text }: Body): Promise<void> {
    if (Array.isArray(value)) return answerBatch(this.options.methods, http, value, text)
    const response = readResponse(value, text)
    if (response) return this.single(http, response, this.options.methods.response)
    return this.single(http, readMessage(value, text))
  }

  private async single(http: IdentifiedCall, message: Message, given?: Method): Promise<void> {
    const { request, response, endpoint, headers } = http
    const classified = classify(message, request.headers)
    const stream = message.id === undefined ? undefined : new AnswerStream(response, headers)
    const call = newCall(http, message, classified, stream ?? noChannel)
    // From 2026-07-28 on a client that goes away has cancelled; before, it may come back.
    if (call.modern) response.once('close', () => response.writableFinished || call.cancel.abort(this.whyClosed()))
    try {
      const method = given ?? this.options.methods.of(call.method, call.modern)
      const answer = await method(call)
      if (answer.broadcastToPeers) await this.broadcast(http, messageOf(message))
      if (call.id === undefined || !stream) return sendNothing(response, 202, headers)
      stream.result(call.id, answer)
    } catch (error) {
      if (error instanceof ServedByOtherPlane) throw error
      const { status, body, headers: more } = renderError(error, call.id ?? null, call, endpoint)
      if (stream) stream.finish(status, body, more)
      // A client that waits for no answer does not read a refusal inside a 200.
      else new AnswerStream(response, headers).finish(status === 200 ? 400 : status, body, more)
    }
  }

  private whyClosed(): Error {
    return this.stopped ?? new Error('the client went away')
  }

  /** Opens the GET stream of a legacy session, or ends the session. Both need a session. */
  private async session(http: IdentifiedCall, verb: 'GET' | 'DELETE'): Promise<void> {
    const { request, response, endpoint, headers } = http
    if (request.headers['mcp-session-id'] === undefined && verb === 'GET') throw noStreamWithoutSession(endpoint)
    if (request.headers['mcp-session-id'] === undefined) throw new GatewayError('methodNotAllowed', `${verb} without a session`)
    const stream = new AnswerStream(response, headers)
    const message: Message = { id: undefined, method: verb, params: {}, source: undefined }
    const call: Incoming = newCall(http, message, classify(message, request.headers), stream)
    response.once('close', () => call.cancel.abort(this.whyClosed()))
    try {
      if (verb === 'DELETE') {
        await this.options.methods.end(call)
        await this.broadcast(http, '')
        return sendNothing(response, 204, headers)
      }
      await this.options.methods.stream(call)
      stream.end(reopenMs)
    } catch (error) {
      if (error instanceof ServedByOtherPlane) throw error
      const { status, body, headers: more } = renderError(error, null, call, endpoint)
      stream.finish(status, body, more)
    }
  }
}

function refuseUnacceptable({ headers }: IncomingMessage): void {
  if (!acceptsJson(headers)) throw new GatewayError('notAcceptable', 'the client accepts no JSON')
}

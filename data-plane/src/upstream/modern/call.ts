import type { IncomingHttpHeaders } from 'node:http'
import type { Cancel } from '../../runtime/cancellation.ts'
import { protocolFault, eraFault } from '../faults.ts'
import { refusesCredential, statusFault } from '../status-fault.ts'
import { exchange } from '../http/exchange.ts'
import { metaOf, modernBody, modernHeaders } from './request.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Reply } from './reply.ts'
import { readReply } from './reply.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { SseEvent } from '../http/sse-parser.ts'
import type { UpstreamFault } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

export interface ModernCall {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly source?: VerbatimJson | undefined
  readonly client: ClientFacts
  readonly extraHeaders?: Readonly<Record<string, string>>
  readonly onNotification: (notification: Notification) => Awaitable<void>
  readonly cancel?: Cancel
  /** True for a subscription: its stream stays open, without a limit of time or events. */
  readonly endless?: boolean
}

export type Answer = Exclude<Reply, { kind: 'notification' }>

const maxEvents = 100_000
let lastId = 0

/**
 * Sends one request to a modern server. It passes on notifications as they come and resolves with the answer. Rejects
 * with `UpstreamFault`, or with the cause of a cancellation.
 */
export async function callModern(options: RemoteConnection, call: ModernCall): Promise<Answer> {
  const ownHeaders = options.headers.get()
  const reader = new AnswerReader(call, ++lastId)
  const { method, params, source, client, cancel, endless = false } = call
  const answer = await exchange(options.pool, {
    url: options.url,
    method: 'POST',
    headers: { ...(ownHeaders instanceof Promise ? await ownHeaders : ownHeaders), ...modernHeaders(method, params), ...call.extraHeaders },
    body: modernBody({ id: reader.id, method, params, source, client }),
    maxBytes: options.settings.maxResponseBytes,
    timeoutToHeadersMs: options.callTimeoutMs,
    ...(cancel && { cancel }),
    ...(!endless && { timeoutMs: options.callTimeoutMs, maxEvents }),
    onHeaders: (status, headers) => checkStatus(options, status, headers),
    onEvent: (event) => reader.readEvent(event),
  })
  if (answer.kind === 'other') throw noAnswerFault(answer.status, answer.headers)
  if (answer.kind === 'json') await reader.read(answer.text)
  return reader.answerFor(answer.status)
}

/** Legacy servers answer a modern request with one of these. */
const legacyStatuses = new Set([400, 404, 405])

function noAnswerFault(status: number, headers: IncomingHttpHeaders): UpstreamFault {
  const detail = `status ${status}, content type ${String(headers['content-type'])}`
  return legacyStatuses.has(status) ? eraFault(detail) : protocolFault(detail)
}

/** Throws for a status that is a fault whatever the body says. */
function checkStatus({ headers: headerSource }: RemoteConnection, status: number, headers: IncomingHttpHeaders): void {
  if (status < 300) return
  if (status < 400) throw protocolFault(`a redirect (${status}), which is never followed`)
  if (refusesCredential(status)) headerSource.forget()
  // A JSON body may hold an error of the server itself.
  const isJson = headers['content-type']?.toLowerCase().startsWith('application/json')
  if (status >= 500 && isJson) return
  const fault = statusFault(status, `status ${status}`, headers['retry-after'])
  if (fault) throw fault
}

/** Reads the answer to one request, message by message. */
class AnswerReader {
  readonly id: number
  private readonly call: ModernCall
  /** As the client chose it. */
  private readonly progressToken: unknown
  private answer: Answer | undefined

  constructor(call: ModernCall, id: number) {
    this.call = call
    this.id = id
    this.progressToken = metaOf(call.params)['progressToken']
  }

  readEvent({ event, data }: SseEvent): Awaitable<void | 'stop'> {
    // An event without data carries only an id, from which the stream could be resumed.
    if (event !== 'message' || data === '') return
    return this.read(data)
  }

  read(text: string): Awaitable<void | 'stop'> {
    const reply = readReply(text, this.id)
    return reply instanceof Promise ? reply.then((settled) => this.accept(settled)) : this.accept(reply)
  }

  private accept(reply: Reply): Awaitable<void | 'stop'> {
    if (reply.kind === 'notification') return this.passOn(reply.notification)
    this.answer = reply
    return 'stop'
  }

  answerFor(status: number): Answer {
    if (!this.answer) throw protocolFault('the end came before the answer')
    if (this.answer.kind === 'result' && status >= 300) throw protocolFault(`a result with status ${status}`)
    return this.answer
  }

  private passOn(notification: Notification): Awaitable<void> {
    const { method, params } = notification
    // A client that set no log level gets no log messages (MCP 2026-07-28, logging).
    if (method === 'notifications/message' && this.call.client.logLevel === undefined) return
    if (method !== 'notifications/progress') return this.call.onNotification(notification)
    // Only progress of this very request, and only if the client asked for progress.
    if (this.progressToken === undefined || params?.['progressToken'] !== this.id) return
    return this.call.onNotification({ ...notification, params: { ...params, progressToken: this.progressToken } })
  }
}

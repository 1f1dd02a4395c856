import type { IncomingHttpHeaders } from 'node:http'
import type { Cancel } from '../../runtime/cancellation.ts'
import { protocolFault, credentialFault, unreachableFault, rateLimitFault, eraFault } from '../faults.ts'
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
  /** A listening stream stays open. */
  readonly endless?: boolean
}

export type Answer = Exclude<Reply, { kind: 'notification' }>

const maxEvents = 100_000
let ids = 0

/** One request to a modern server: its notifications as they come, then its answer. Rejects with `UpstreamFault`, or with the cause of a cancellation. */
export async function callModern(options: RemoteConnection, call: ModernCall): Promise<Answer> {
  const own = options.headers.get()
  const reading = new Reading(call, ++ids)
  const { method, params, source, client, cancel, endless = false } = call
  const answer = await exchange(options.pool, {
    url: options.url,
    method: 'POST',
    headers: { ...(own instanceof Promise ? await own : own), ...modernHeaders(method, params), ...call.extraHeaders },
    body: modernBody({ id: reading.id, method, params, source, client }),
    maxBytes: options.settings.maxResponseBytes,
    timeoutToHeadersMs: options.callTimeoutMs,
    ...(cancel && { cancel }),
    ...(!endless && { timeoutMs: options.callTimeoutMs, maxEvents }),
    onHeaders: (status, headers) => refuse(options, status, headers),
    onEvent: (event) => reading.take(event),
  })
  if (answer.kind === 'other') throw noAnswer(answer.status, answer.headers)
  if (answer.kind === 'json') await reading.read(answer.text)
  return reading.answered(answer.status)
}

/** How servers of before answer what they do not understand. */
const doubtful = new Set([400, 404, 405])

function noAnswer(status: number, headers: IncomingHttpHeaders): UpstreamFault {
  const detail = `status ${status}, content type ${String(headers['content-type']).slice(0, 100)}`
  return doubtful.has(status) ? eraFault(detail) : protocolFault(detail)
}

/** Statuses that tell before any body what is the matter. */
function refuse({ headers: own }: RemoteConnection, status: number, headers: IncomingHttpHeaders): void {
  if (status === 401 || status === 403) {
    own.forget()
    throw credentialFault(status)
  }
  if (status === 429) throw rateLimitFault(headers['retry-after'])
  if (status >= 300 && status < 400) throw protocolFault(`a redirect (${status}), which is never followed`)
  const isJson = headers['content-type']?.toLowerCase().startsWith('application/json')
  if (status >= 500 && !isJson) throw unreachableFault(`status ${status}`)
}

/** What one request's answer says, message by message. */
class Reading {
  readonly id: number
  private readonly call: ModernCall
  private readonly token: unknown
  private answer: Answer | undefined

  constructor(call: ModernCall, id: number) {
    this.call = call
    this.id = id
    this.token = metaOf(call.params)['progressToken']
  }

  take({ event, data }: SseEvent): Awaitable<void | 'stop'> {
    // An event without data only primes a stream that can be resumed.
    if (event !== 'message' || data === '') return
    return this.read(data)
  }

  read(text: string): Awaitable<void | 'stop'> {
    const reply = readReply(text, this.id)
    return reply instanceof Promise ? reply.then((read) => this.taken(read)) : this.taken(reply)
  }

  private taken(reply: Reply): Awaitable<void | 'stop'> {
    if (reply.kind === 'notification') return this.passOn(reply.notification)
    this.answer = reply
    return 'stop'
  }

  answered(status: number): Answer {
    if (!this.answer) throw protocolFault('the end came before the answer')
    if (this.answer.kind === 'result' && status >= 300) throw protocolFault(`a result with status ${status}`)
    return this.answer
  }

  private passOn(notification: Notification): Awaitable<void> {
    const { method, params } = notification
    // Who asked for no log gets none (MCP 2026-07-28, logging).
    if (method === 'notifications/message' && this.call.client.logLevel === undefined) return
    if (method !== 'notifications/progress') return this.call.onNotification(notification)
    // Nobody waits for the progress of another request, or for one that was not asked for.
    if (this.token === undefined || params?.['progressToken'] !== this.id) return
    return this.call.onNotification({ ...notification, params: { ...params, progressToken: this.token } })
  }
}

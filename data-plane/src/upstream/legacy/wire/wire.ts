import type { IncomingHttpHeaders } from 'node:http'
import { Cancel } from '../../../runtime/cancellation.ts'
import { refusesCredential } from '../../status-fault.ts'
import { exchange } from '../../http/exchange.ts'
import { HttpPool } from '../../http/pool.ts'
import { EventQueue } from './event-queue.ts'
import type { RemoteConnection } from '../../http/connection.ts'
import { LATEST_LEGACY } from '../../../protocol/versions.ts'
import type { SessionWire, WireAnswer, WireHeaders } from './session-wire.ts'

interface WireRequest {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: WireHeaders
  readonly body?: string
  /** Absent: the address of the server. */
  readonly url?: URL | undefined
  readonly timeoutMs?: number
  /** May cancel several exchanges; this one subscribes to it. */
  readonly cancel?: Cancel
}

const maxEvents = 100_000
const maxControlMs = 15_000
const lingerMs = 1000
/** About 25 days. */
const foreverMs = 2 ** 31
/** Streams have a pool of their own, because they stay open for long and must not use up the connections of calls. */
const maxStreams = 10_000

/** HTTP for the legacy transport. It adds the headers that the administrator configured to every request. */
export class LegacyWire implements SessionWire {
  readonly offers = LATEST_LEGACY
  readonly controlTimeoutMs: number
  private readonly options: RemoteConnection
  private readonly streams: HttpPool

  constructor(options: RemoteConnection) {
    this.options = options
    this.controlTimeoutMs = Math.min(maxControlMs, options.callTimeoutMs)
    const { url, privateNetwork } = options.settings
    this.streams = new HttpPool({
      url,
      privateNetwork,
      proxyFor: options.proxyFor,
      connections: maxStreams,
      maxInFlight: maxStreams,
      timers: options.pool.timers,
    })
  }

  /** A session begins: it may remember the secrets it is sent. The returned function says that it has ended. */
  holdSecrets(): () => void {
    return this.options.sentSecrets.hold()
  }

  /** The address of the server. */
  get url(): URL {
    return this.options.url
  }

  /** Logs a warning about the server. The facts hold nothing of its text. */
  log(event: string, facts: Record<string, unknown>): void {
    this.options.log('warn', event, { server: this.options.id, ...facts })
  }

  initialize(_id: number, body: string): Promise<WireAnswer> {
    return this.send(body, {})
  }

  abandon(): void {
    // An answer that failed has closed its connection, and nothing else was begun.
  }

  /** `url`: another address than the server's, of the same origin. */
  post(_id: number, body: string, headers: WireHeaders, cancel?: Cancel, url?: URL): Promise<WireAnswer> {
    return this.exchange({ method: 'POST', headers: { ...postHeaders, ...headers }, body, url, ...(cancel && { cancel }) })
  }

  send(body: string, headers: WireHeaders, _id?: number, url?: URL): Promise<WireAnswer> {
    return this.exchange({ method: 'POST', headers: { ...postHeaders, ...headers }, body, url, timeoutMs: this.controlTimeoutMs })
  }

  /** Opens an event stream. It may be silent for ever. Some servers send not even its head before the first event. */
  get(headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer> {
    return this.exchange({
      method: 'GET',
      headers: { accept: 'text/event-stream', 'accept-encoding': 'identity', ...headers },
      timeoutMs: foreverMs,
      ...(cancel && { cancel }),
    })
  }

  async delete(headers: WireHeaders): Promise<void> {
    const answer = await this.exchange({ method: 'DELETE', headers, timeoutMs: this.controlTimeoutMs })
    answer.stop()
  }

  close(): Promise<void> {
    return this.streams.close()
  }

  private async exchange({ method, headers, body, url, timeoutMs, cancel: sharedCancel }: WireRequest): Promise<WireAnswer> {
    const { settings, callTimeoutMs } = this.options
    const pool = method === 'GET' ? this.streams : this.options.pool
    const configuredHeaders = await this.options.headers.get()
    const cancel = new Cancel()
    const unsubscribe = sharedCancel?.subscribe((cause) => cancel.abort(cause))
    const events = new EventQueue()
    const head = Promise.withResolvers<WireAnswer>()
    const stop = () => cancel.abort(new Error('no longer needed'))
    let retryMs: number | undefined
    let ended = false
    let stopLinger: (() => void) | undefined
    const resolveHead = (status: number, answerHeaders: IncomingHttpHeaders, kind: WireAnswer['kind'], text: string) => {
      if (refusesCredential(status)) this.options.headers.forget()
      head.resolve({
        status,
        kind,
        sessionId: sessionIdOf(answerHeaders),
        text,
        next: () => events.next(),
        retryMs: () => retryMs,
        stop,
        release: () => {
          events.close()
          if (!ended) stopLinger = pool.timers.after(lingerMs, stop)
        },
      })
    }
    exchange(pool, {
      url: url ?? this.options.url,
      method,
      headers: { ...configuredHeaders, ...headers },
      ...(body !== undefined && { body }),
      cancel,
      maxBytes: settings.maxResponseBytes,
      timeoutToHeadersMs: timeoutMs ?? callTimeoutMs,
      ...(method !== 'GET' && timeoutMs !== undefined && { timeoutMs }),
      maxEvents: method === 'GET' ? Number.POSITIVE_INFINITY : maxEvents,
      onHeaders: (status, answerHeaders) => isStream(answerHeaders) && resolveHead(status, answerHeaders, 'stream', ''),
      onEvent: (event) => events.push(event),
    })
      .finally(() => {
        ended = true
        stopLinger?.()
        unsubscribe?.()
      })
      .then(
        (answer) => {
          if (answer.kind !== 'stream') return resolveHead(answer.status, answer.headers, answer.kind, answer.text)
          retryMs = answer.retryMs
          return events.end()
        },
        (error: Error) => {
          head.reject(error)
          events.end(error)
        },
      )
    return head.promise
  }
}

/** Nearby servers are faster without compression. What comes compressed all the same is read. */
const postHeaders = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'identity',
}

const isStream = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream'

function sessionIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['mcp-session-id']
  return typeof id === 'string' ? id : undefined
}

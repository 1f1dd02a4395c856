import type { IncomingHttpHeaders } from 'node:http'
import { Cancel } from '../../../runtime/cancellation.ts'
import { exchange } from '../../http/exchange.ts'
import { HttpPool } from '../../http/pool.ts'
import { EventQueue } from './event-queue.ts'
import type { RemoteConnection } from '../../http/connection.ts'
import type { SseEvent } from '../../http/sse-parser.ts'

export type WireHeaders = Readonly<Record<string, string>>

/** An answer whose head has come, and of a body that is no stream the rest too. */
export interface WireAnswer {
  readonly status: number
  readonly kind: 'json' | 'stream' | 'other'
  readonly sessionId: string | undefined
  readonly text: string
  /** The events of one piece as it came; undefined at the end. Rejects with `UpstreamFault`. */
  next(): Promise<SseEvent[] | undefined>
  retryMs(): number | undefined
  /** Ends it now, and its connection. */
  stop(): void
  /** Lets it end by itself, which keeps its connection, if it does so soon. */
  release(): void
}

interface Asking {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: WireHeaders
  readonly body?: string
  readonly timeoutMs?: number
  /** Of more than this one exchange. */
  readonly cancel?: Cancel
}

const maxEvents = 100_000
const maxControlMs = 15_000
const endWithinMs = 1000
const forEverMs = 2 ** 31
/** Streams are open for as long as somebody listens: they must not take the connections that calls need. */
const maxStreams = 10_000

/** HTTP as the legacy transport needs it; the administrator's headers are added to every request. */
export class LegacyWire {
  /** For what is not a client's request. */
  readonly controlTimeoutMs: number
  private readonly options: RemoteConnection
  private readonly streams: HttpPool

  constructor(options: RemoteConnection) {
    this.options = options
    this.controlTimeoutMs = Math.min(maxControlMs, options.callTimeoutMs)
    const { url, privateNetwork } = options.settings
    this.streams = new HttpPool({ url, privateNetwork, connections: maxStreams, maxInFlight: maxStreams, timers: options.pool.timers })
  }

  /** A request of the client's: it may take as long as a call may. */
  post(body: string, headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer> {
    return this.ask({ method: 'POST', headers: { ...postHeaders, ...headers }, body, ...(cancel && { cancel }) })
  }

  /** What the server should answer soon, and whole. */
  send(body: string, headers: WireHeaders): Promise<WireAnswer> {
    return this.ask({ method: 'POST', headers: { ...postHeaders, ...headers }, body, timeoutMs: this.controlTimeoutMs })
  }

  /** An event stream; it may be silent for ever, and some servers do not even send its head before there is an event. */
  get(headers: WireHeaders, cancel?: Cancel): Promise<WireAnswer> {
    return this.ask({
      method: 'GET',
      headers: { accept: 'text/event-stream', ...headers },
      timeoutMs: forEverMs,
      ...(cancel && { cancel }),
    })
  }

  async delete(headers: WireHeaders): Promise<void> {
    const answer = await this.ask({ method: 'DELETE', headers, timeoutMs: this.controlTimeoutMs })
    answer.stop()
  }

  close(): Promise<void> {
    return this.streams.close()
  }

  private async ask({ method, headers, body, timeoutMs, cancel: whole }: Asking): Promise<WireAnswer> {
    const { url, settings, callTimeoutMs } = this.options
    const pool = method === 'GET' ? this.streams : this.options.pool
    const own = await this.options.headers.get()
    const cancel = new Cancel()
    const forget = whole?.subscribe((cause) => cancel.abort(cause))
    const inbox = new EventQueue()
    const head = Promise.withResolvers<WireAnswer>()
    const stop = () => cancel.abort(new Error('no longer needed'))
    let retryMs: number | undefined
    let over = false
    let stopLate: (() => void) | undefined
    const answered = (status: number, given: IncomingHttpHeaders, kind: WireAnswer['kind'], text: string) => {
      if (status === 401 || status === 403) this.options.headers.forget()
      head.resolve({
        status,
        kind,
        sessionId: sessionIdOf(given),
        text,
        next: () => inbox.next(),
        retryMs: () => retryMs,
        stop,
        release: () => {
          inbox.close()
          if (!over) stopLate = pool.timers.after(endWithinMs, stop)
        },
      })
    }
    exchange(pool, {
      url,
      method,
      headers: { ...own, ...headers },
      ...(body !== undefined && { body }),
      cancel,
      maxBytes: settings.maxResponseBytes,
      timeoutToHeadersMs: timeoutMs ?? callTimeoutMs,
      ...(method !== 'GET' && timeoutMs !== undefined && { timeoutMs }),
      maxEvents: method === 'GET' ? Number.POSITIVE_INFINITY : maxEvents,
      onHeaders: (status, given) => isStream(given) && answered(status, given, 'stream', ''),
      onEvent: (event) => inbox.push(event),
    })
      .finally(() => {
        over = true
        stopLate?.()
        forget?.()
      })
      .then(
        (answer) => {
          if (answer.kind !== 'stream') return answered(answer.status, answer.headers, answer.kind, answer.text)
          retryMs = answer.retryMs
          return inbox.end()
        },
        (error: Error) => {
          head.reject(error)
          inbox.end(error)
        },
      )
    return head.promise
  }
}

const postHeaders = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

const isStream = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === 'text/event-stream'

function sessionIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['mcp-session-id']
  return typeof id === 'string' ? id : undefined
}

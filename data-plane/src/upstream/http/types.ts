import type { IncomingHttpHeaders } from 'node:http'
import type { Cancel } from '../../runtime/cancellation.ts'
import type { SseEvent } from './sse-parser.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

export interface ExchangeRequest {
  /** At the origin of the pool. */
  readonly url: URL
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly cancel?: Cancel
  /** Limits a JSON body, or one event of a stream. */
  readonly maxBytes: number
  /** Counts from the call, so it includes the wait for a connection. */
  readonly timeoutToHeadersMs: number
  /** Limits the whole exchange. Streams that may stay open have no such limit. */
  readonly timeoutMs?: number
  /** Limits the events of a stream. */
  readonly maxEvents?: number
  readonly onHeaders?: (status: number, headers: IncomingHttpHeaders) => void
  /**
   * Receives the events of a stream in order. The stream waits for a returned promise. `stop` ends the exchange at
   * once. Without this callback a stream is a fault.
   */
  readonly onEvent?: (event: SseEvent) => Awaitable<void | 'stop'>
}

/**
 * `stream`: the stream has ended, or was stopped; `onEvent` received its events. `other`: neither JSON nor a stream,
 * such as 202, a redirect, or the page of a proxy; `text` is its beginning, for the record only.
 */
export type ExchangeAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly kind: 'stream'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly retryMs: number | undefined }
  | { readonly kind: 'other'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }

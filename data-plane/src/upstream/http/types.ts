import type { IncomingHttpHeaders } from 'node:http'
import type { Cancel } from '../../runtime/cancellation.ts'
import type { SseEvent } from './sse-parser.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'

export interface ExchangeRequest {
  /** Below the pool's origin. */
  readonly url: URL
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly cancel?: Cancel
  /** The most a JSON body, or one event of a stream, may hold. */
  readonly maxBytes: number
  /** Counts from the call: waiting for a connection is waiting too. */
  readonly timeoutToHeadersMs: number
  /** The longest the whole may take; streams that may stay open have none. */
  readonly timeoutMs?: number
  /** The most events a stream may carry. */
  readonly maxEvents?: number
  readonly onHeaders?: (status: number, headers: IncomingHttpHeaders) => void
  /** The stream's events in order; a promise holds the stream back. `stop` ends the exchange at once. Without it a stream is a fault. */
  readonly onEvent?: (event: SseEvent) => Awaitable<void | 'stop'>
}

/** `stream`: it has ended, or was stopped; its events went to `onEvent`. `other`: neither JSON nor a stream, such as 202, a redirect, or a proxy's page; `text` is its start, for the record only. */
export type ExchangeAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly kind: 'stream'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly retryMs: number | undefined }
  | { readonly kind: 'other'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }

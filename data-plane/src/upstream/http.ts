import type { IncomingHttpHeaders } from 'node:http'
import type { Cancel } from '../pipeline/cancel.ts'
import type { Awaitable } from '../pipeline/pipeline.ts'
import type { HttpPool } from './http-pool.ts'
import { ResponseHandler } from './response-handler.ts'
import type { SseEvent } from './sse.ts'
import { UpstreamFault } from './upstream.ts'

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

/** One HTTP request and its answer. Follows no redirect, and is bounded in everything it holds. Rejects with `UpstreamFault`, or with the cause of a cancellation. */
export function exchange(pool: HttpPool, request: ExchangeRequest): Promise<ExchangeAnswer> {
  if (pool.inFlight >= pool.maxInFlight) {
    return Promise.reject(new UpstreamFault('upstream_down', 'The MCP server has too many calls under way.', { retryable: true }))
  }
  return new Promise((resolve, reject) => {
    const { url, method, headers, body = null } = request
    const handler = new ResponseHandler(pool, request, resolve, reject)
    if (!handler.waiting) return
    pool.dispatcher.dispatch({ path: url.pathname + url.search, method, headers: headers as Record<string, string>, body }, handler)
  })
}

import type { HttpPool } from './pool.ts'
import { ResponseHandler } from './response-handler.ts'
import { UnaskedFault } from '../faults.ts'
import type { ExchangeRequest, ExchangeAnswer } from './types.ts'

/**
 * One HTTP request and its answer. It follows no redirect and limits everything it keeps in memory.
 * Rejects with `UpstreamFault`, or with the cause of a cancellation.
 */
export function exchange(pool: HttpPool, request: ExchangeRequest): Promise<ExchangeAnswer> {
  if (pool.isFull) {
    return Promise.reject(new UnaskedFault('upstream_down', 'The MCP server has too many calls under way.', { retryable: true }))
  }
  return new Promise((resolve, reject) => {
    const { url, method, headers, body = null } = request
    const handler = new ResponseHandler(pool, request, resolve, reject)
    if (!handler.waiting) return
    pool.dispatcher.dispatch({ path: url.pathname + url.search, method, headers: headers as Record<string, string>, body }, handler)
  })
}

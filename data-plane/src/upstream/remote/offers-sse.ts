import { exchange } from '../http/exchange.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Cancel } from '../../runtime/cancellation.ts'

const maxWaitMs = 2000

/**
 * Whether a GET is answered by a stream that begins with an `endpoint` event, as by a server of the HTTP+SSE transport
 * of 2024-11-05 (2025-03-26, Transports, Backwards Compatibility). Never rejects: any other answer says no.
 */
export async function offersSse(connection: RemoteConnection, timeoutMs: number, cancel: Cancel): Promise<boolean> {
  const waitMs = Math.min(timeoutMs, maxWaitMs)
  if (waitMs <= 0) return false
  let firstEvent: string | undefined
  try {
    await exchange(connection.pool, {
      url: connection.url,
      method: 'GET',
      headers: { ...(await connection.headers.get()), accept: 'text/event-stream' },
      cancel,
      maxBytes: connection.settings.maxResponseBytes,
      timeoutToHeadersMs: waitMs,
      timeoutMs: waitMs,
      maxEvents: 1,
      onEvent: ({ event }) => {
        firstEvent = event
        return 'stop'
      },
    })
  } catch {
    return false
  }
  return firstEvent === 'endpoint'
}

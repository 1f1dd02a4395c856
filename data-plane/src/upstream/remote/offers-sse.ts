import { exchange } from '../http/exchange.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { Cancel } from '../../runtime/cancellation.ts'

/** Events of other names that may come before it. */
const maxEvents = 20

/**
 * Whether a GET is answered by a stream whose first message is an `endpoint` event, as by a server of the HTTP+SSE
 * transport of 2024-11-05 (2025-03-26, Transports, Backwards Compatibility). Events of other names may come before it.
 * Never rejects: any other answer, and none in `timeoutMs`, says no.
 */
export async function offersSse(connection: RemoteConnection, timeoutMs: number, cancel: Cancel): Promise<boolean> {
  if (timeoutMs <= 0) return false
  let isNamed = false
  try {
    await exchange(connection.pool, {
      url: connection.url,
      method: 'GET',
      headers: { ...(await connection.headers.get()), accept: 'text/event-stream' },
      cancel,
      maxBytes: connection.settings.maxResponseBytes,
      timeoutToHeadersMs: timeoutMs,
      timeoutMs,
      maxEvents,
      onEvent: ({ event }) => {
        isNamed = event === 'endpoint'
        return isNamed || event === 'message' ? 'stop' : undefined
      },
    })
  } catch {
    return false
  }
  return isNamed
}

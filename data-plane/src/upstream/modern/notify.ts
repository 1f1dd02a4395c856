import type { DropReason } from '../dropped.ts'
import { credentialFault, unreachableFault } from '../faults.ts'
import { exchange } from '../http/exchange.ts'
import { modernBody, modernHeaders } from './request.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** What clients of before say, and no modern server listens to. */
const gone = new Set(['notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed'])

/** A notification to a modern server. Undefined once it is accepted; rejects when the server cannot be told. */
export async function notifyModern(
  options: RemoteConnection,
  client: ClientFacts,
  { method, params = {}, source }: Notification,
): Promise<DropReason | undefined> {
  if (gone.has(method)) return 'era-has-none'
  const { status } = await exchange(options.pool, {
    url: options.url,
    method: 'POST',
    headers: { ...(await options.headers.get()), ...modernHeaders(method, params) },
    body: modernBody({ method, params, source, client }),
    maxBytes: options.settings.maxResponseBytes,
    timeoutToHeadersMs: options.callTimeoutMs,
    timeoutMs: options.callTimeoutMs,
  })
  if (status < 300) return undefined
  if (status === 401 || status === 403) {
    options.headers.forget()
    throw credentialFault(status)
  }
  if (status >= 500) throw unreachableFault(`a notification answered with status ${status}`)
  return 'not-accepted'
}

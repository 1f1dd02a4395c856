import type { DropReason } from '../dropped.ts'
import { refusesCredential, statusFault } from '../status-fault.ts'
import { exchange } from '../http/exchange.ts'
import { modernBody, modernHeaders } from './request.ts'
import type { RemoteConnection } from '../http/connection.ts'
import type { ClientFacts, Notification } from '../../protocol/notification.ts'

/** Notifications of legacy clients that the modern era has no more. */
const legacyOnly = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

/** Sends a notification to a modern server. Undefined once it is accepted; rejects when it cannot be delivered. */
export async function notifyModern(
  options: RemoteConnection,
  client: ClientFacts,
  { method, params = {}, source }: Notification,
): Promise<DropReason | undefined> {
  if (legacyOnly.has(method)) return 'era-has-none'
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
  if (refusesCredential(status)) options.headers.forget()
  // A server that limits our rate has dropped this notification, but is up.
  const fault = status === 429 ? undefined : statusFault(status, `a notification answered with status ${status}`)
  if (fault) throw fault
  return 'not-accepted'
}

import { broken } from './faults.ts'
import { exchange } from './http.ts'
import { modernBody, modernHeaders } from './modern-request.ts'
import type { RemoteOptions } from './remote-options.ts'
import type { ClientFacts, Notification } from './upstream.ts'

/** What clients of before say, and no modern server listens to. */
const gone = new Set(['notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'notifications/roots/list_changed'])

/** A notification to a modern server: accepted, or a fault. */
export async function notifyModern(options: RemoteOptions, client: ClientFacts, { method, params = {} }: Notification): Promise<void> {
  if (gone.has(method)) return
  const { status } = await exchange(options.pool, {
    url: options.url,
    method: 'POST',
    headers: { ...(await options.headers.get()), ...modernHeaders(method, params) },
    body: modernBody({ method, params, client }),
    maxBytes: options.settings.maxResponseBytes,
    timeoutToHeadersMs: options.callTimeoutMs,
    timeoutMs: options.callTimeoutMs,
  })
  if (status >= 300) throw broken(`a notification answered with status ${status}`)
}

import type { Ports } from '../call/ports.ts'
import type { UpstreamCall, Authenticated, Incoming } from '../call/types.ts'
import { routeRequest, responsesForServer } from '../../aggregate/rewrite-request.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import { routesOf } from './origin.ts'
import type { TaskAddress } from '../../protocol/extensions/tasks.ts'

/** The server of a request, and the request in that server's terms. Undefined when it names no server. */
export function resolveServer(
  ports: Pick<Ports, 'sealer' | 'catalogue'>,
  call: Incoming & Authenticated,
): { server: string; upstreamCall: UpstreamCall } | undefined {
  const { endpoint, method } = call
  const params = withoutEnvelope(call.params)
  // A task is found by its id alone (`resolveTask`). Methods of the older kind of tasks are not served.
  if (method.startsWith('tasks/')) return undefined
  if (endpoint.server !== undefined) return { server: endpoint.server, upstreamCall: { method, params, source: call.source } }
  const routed = routeRequest(method, params, routesOf(ports, call))
  return routed.server === undefined
    ? undefined
    : { server: routed.server, upstreamCall: { method, params: routed.params, source: call.source } }
}

/**
 * The task that a request names, by the client's sealed id and by the server's own. Undefined for an id that this
 * person was never given at this endpoint.
 */
export function resolveTask(
  ports: Pick<Ports, 'sealer' | 'catalogue'>,
  call: Incoming & Authenticated,
): { task: TaskAddress & { sealed: string }; upstreamCall: UpstreamCall } | undefined {
  const { endpoint, method } = call
  const { taskId: sealed, ...params } = withoutEnvelope(call.params)
  const task = typeof sealed === 'string' ? routesOf(ports, call).openTask(sealed) : undefined
  if (typeof sealed !== 'string' || !task) return undefined
  if (endpoint.server !== undefined && endpoint.server !== task.server) return undefined
  const ownParams = endpoint.server === undefined ? responsesForServer(task.server, params) : params
  return { task: { ...task, sealed }, upstreamCall: { method, params: { ...ownParams, taskId: task.taskId }, source: call.source } }
}

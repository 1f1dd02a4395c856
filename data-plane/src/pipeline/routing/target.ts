import type { Ports } from '../call/ports.ts'
import type { UpstreamCall, Authenticated, Incoming } from '../call/types.ts'
import { routeRequest, responsesForServer } from '../../aggregate/rewrite-request.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import { routesOf } from './origin.ts'
import type { TaskAddress } from '../../protocol/extensions/tasks.ts'

/** Which server a request is for, and the request in that server's own words; undefined when it is for none. */
export function resolveServer(
  ports: Pick<Ports, 'sealer' | 'catalogue'>,
  call: Incoming & Authenticated,
): { server: string; upstreamCall: UpstreamCall } | undefined {
  const { endpoint, method } = call
  const params = withoutEnvelope(call.params)
  // A task is known by its id alone, and what else there once was of tasks is no more.
  if (method.startsWith('tasks/')) return undefined
  if (endpoint.server !== undefined) return { server: endpoint.server, upstreamCall: { method, params, source: call.source } }
  const found = routeRequest(method, params, routesOf(ports, call))
  return found.server === undefined
    ? undefined
    : { server: found.server, upstreamCall: { method, params: found.params, source: call.source } }
}

/** The task a request names, as the client calls it and as its server does; undefined for one never given to this person here. */
export function resolveTask(
  ports: Pick<Ports, 'sealer' | 'catalogue'>,
  call: Incoming & Authenticated,
): { task: TaskAddress & { sealed: string }; upstreamCall: UpstreamCall } | undefined {
  const { endpoint, method } = call
  const { taskId: sealed, ...params } = withoutEnvelope(call.params)
  const task = typeof sealed === 'string' ? routesOf(ports, call).openTask(sealed) : undefined
  if (typeof sealed !== 'string' || !task) return undefined
  if (endpoint.server !== undefined && endpoint.server !== task.server) return undefined
  const own = endpoint.server === undefined ? responsesForServer(task.server, params) : params
  return { task: { ...task, sealed }, upstreamCall: { method, params: { ...own, taskId: task.taskId }, source: call.source } }
}

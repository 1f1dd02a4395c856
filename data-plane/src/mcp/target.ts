import type { Ports } from '../pipeline/ports.ts'
import type { Asked, Authenticated, Incoming } from '../pipeline/types.ts'
import { outbound } from './aggregate/outbound.ts'
import { withoutEnvelope } from './client-facts.ts'
import { routesOf } from './routes.ts'

/** Which server a request is for, and the request in that server's own words; undefined when it is for none. */
export function targetOf(
  ports: Pick<Ports, 'sealer' | 'offers'>,
  call: Incoming & Authenticated,
): { server: string; asked: Asked } | undefined {
  const { endpoint, method } = call
  const params = withoutEnvelope(call.params)
  if (endpoint.server !== undefined) return ofOne(endpoint.server, ports, call, params)
  const found = outbound(method, params, routesOf(ports, call))
  return found.server === undefined ? undefined : { server: found.server, asked: { method, params: found.params, written: call.written } }
}

/** Names and URIs as they are; a task is the one thing that is sealed here too: its id answers to nobody but the person it was given to. */
function ofOne(
  server: string,
  ports: Pick<Ports, 'sealer' | 'offers'>,
  call: Incoming & Authenticated,
  params: Asked['params'],
): { server: string; asked: Asked } | undefined {
  if (!call.method.startsWith('tasks/')) return { server, asked: { method: call.method, params, written: call.written } }
  const { taskId } = params
  const task = typeof taskId === 'string' ? routesOf(ports, call).openTask(taskId) : undefined
  return task?.server === server
    ? { server, asked: { method: call.method, params: { ...params, taskId: task.taskId }, written: call.written } }
    : undefined
}

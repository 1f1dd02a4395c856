import type { ServerOrigin } from '../../aggregate/rewrite-result.ts'
import {
  errorCodeOnAggregate,
  errorDataOnAggregate,
  notificationOnAggregate,
  resultOnAggregate,
  taskHandle,
} from '../../aggregate/rewrite-result.ts'
import { declaresTasks } from '../../protocol/extensions/tasks.ts'
import type { Notification } from '../../protocol/notification.ts'
import { protocolFault } from '../../upstream/faults.ts'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming, ResolvedServer, ResolvedTool } from '../call/types.ts'
import { serverOrigin } from '../routing/origin.ts'

type Call = Incoming & Authenticated & ResolvedServer & Partial<Pick<ResolvedTool, 'toolName'>>
type TermsPorts = Pick<Ports, 'sealer'>

export const isOnAggregate = ({ endpoint }: Pick<Call, 'endpoint'>) => endpoint.server === undefined

/**
 * On `/mcp` names and URIs become those of `/mcp`; the rest stays as the server wrote it. Ids of tasks are sealed at
 * both endpoints.
 */
export function resultInClientTerms(ports: TermsPorts, call: Call, result: UpstreamResult): UpstreamResult {
  const { value } = result
  if (value['resultType'] === 'task' && !declaresTasks(call.client.capabilities))
    throw protocolFault('a task, for a client that declared none')
  if (!isOnAggregate(call)) return withSealedTask(ports, call, result)
  const translated = resultOnAggregate(originFor(ports, call), call.upstreamCall.method, value)
  return translated === value ? result : { ...result, value: translated }
}

export const notificationInClientTerms = (ports: TermsPorts, call: Call, notification: Notification): Notification =>
  isOnAggregate(call) ? notificationOnAggregate(originFor(ports, call), notification) : notification

/** The very same error unless it is a server's own, said at `/mcp`, and names something there. */
export function errorInClientTerms(ports: TermsPorts, call: Call, error: unknown): unknown {
  if (!(error instanceof UpstreamRpcError) || !isOnAggregate(call)) return error
  const { method } = call.upstreamCall
  const data = errorDataOnAggregate(originFor(ports, call), method, error.data)
  const code = errorCodeOnAggregate(method, error.code)
  return data === error.data && code === error.code ? error : new UpstreamRpcError(code, error.message, data, error.source)
}

function withSealedTask(ports: TermsPorts, call: Call, result: UpstreamResult): UpstreamResult {
  const { taskId, resultType } = result.value
  if (typeof taskId !== 'string' || (resultType !== 'task' && !call.task)) return result
  return { ...result, value: taskHandle(originFor(ports, call), result.value) }
}

const originFor = (ports: TermsPorts, call: Call): ServerOrigin =>
  serverOrigin(ports, call, call.serverId, {
    tool: call.toolName ?? call.task?.tool,
    ...(call.task && { sealed: new Map([[call.task.taskId, call.task.sealed]]) }),
  })

import { isObject } from '../mcp/json-rpc.ts'
import type { ToolAnswer } from '../servers/answer.ts'
import type { Notification, UpstreamResult } from '../upstream/upstream.ts'
import type { Filter } from './pipeline.ts'
import { truncate } from './truncate.ts'
import type { Authenticated } from './types.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a tool answers late lies in its task, and is held to what holds for any answer. The very same object where nothing is too long. */
function truncateTask(task: Fields, call: Authenticated): Fields {
  const { result } = task
  if (!isObject(result) || !Array.isArray(result['content'])) return task
  const after = truncate(result as unknown as ToolAnswer, call)
  return (after as unknown) === result ? task : { ...task, result: after }
}

export const truncateTaskResult: Filter<Authenticated, UpstreamResult> = (result, call) => {
  const value = truncateTask(result.value, call)
  return value === result.value ? result : { ...result, value }
}

export function truncateTaskNotification(notification: Notification, call: Authenticated): Notification {
  const { params } = notification
  return params ? { ...notification, params: truncateTask(params, call) } : notification
}

import { isObject } from '../../json/is-object.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import type { Filter } from '../call/pipeline.ts'
import { truncateAnswer } from './truncate.ts'
import type { Authenticated } from '../call/types.ts'
import type { Notification } from '../../protocol/notification.ts'

type Fields = Readonly<Record<string, unknown>>

/** What a tool answers late lies in its task, and is held to what holds for any answer. The very same object where nothing is too long. */
function truncateTask(task: Fields, { policy }: Authenticated, source: VerbatimJson | undefined): Fields {
  const { result } = task
  if (!isObject(result)) return task
  const after = truncateAnswer(result, policy.settings.truncateChars, source?.at('result'))
  return after === result ? task : { ...task, result: after }
}

export const truncateTaskResult: Filter<Authenticated, UpstreamResult> = (result, call) => {
  const value = truncateTask(result.value, call, result.source)
  return value === result.value ? result : { ...result, value }
}

export function truncateTaskNotification(notification: Notification, call: Authenticated): Notification {
  const { params, source } = notification
  return params ? { ...notification, params: truncateTask(params, call, source) } : notification
}

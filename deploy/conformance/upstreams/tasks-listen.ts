import type { Changes, Json } from '../fixture/fixture.ts'
import type { Tasks } from './tasks.ts'

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'

/**
 * Answers `subscriptions/listen` for a client that subscribes
 * to tasks: changed lists, as the SDK would, and changed tasks.
 */
export function listenWithTasks(id: string | number, notifications: Json, signal: AbortSignal, tasks: Tasks, changes: Changes): Response {
  const taskIds = (notifications['taskIds'] as unknown[]).filter(
    (taskId): taskId is string => typeof taskId === 'string' && tasks.get(taskId) !== undefined,
  )
  const lists = (['tools', 'prompts'] as const).filter((list) => notifications[`${list}ListChanged`] === true)
  const honoured = { ...Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true])), taskIds }

  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const notify = (method: string, params: Json = {}) => {
        const message = { jsonrpc: '2.0', method, params: { ...params, _meta: { [subscriptionKey]: id } } }
        controller.enqueue(Buffer.from(`event: message\ndata: ${JSON.stringify(message)}\n\n`))
      }
      notify('notifications/subscriptions/acknowledged', { notifications: honoured })
      const unsubscribe = [
        tasks.onChange((taskId, task) => taskIds.includes(taskId) && notify('notifications/tasks', task)),
        changes.onChange((list) => lists.includes(list) && notify(`notifications/${list}/list_changed`)),
      ]
      signal.addEventListener('abort', () => {
        unsubscribe.forEach((stop) => stop())
        controller.close()
      })
    },
  })
  return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
}

import type { Changes, Json } from '../fixture/fixture.ts'
import type { Tasks } from './tasks.ts'

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'

/** `subscriptions/listen` for who wants to hear of tasks, too: what the SDK would tell of, and what it cannot. */
export function listenWithTasks(id: string | number, wanted: Json, signal: AbortSignal, tasks: Tasks, changes: Changes): Response {
  const taskIds = (wanted['taskIds'] as unknown[]).filter((one): one is string => typeof one === 'string' && tasks.get(one) !== undefined)
  const lists = (['tools', 'prompts'] as const).filter((list) => wanted[`${list}ListChanged`] === true)
  const honoured = { ...Object.fromEntries(lists.map((list) => [`${list}ListChanged`, true])), taskIds }

  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const tell = (method: string, params: Json = {}) => {
        const message = { jsonrpc: '2.0', method, params: { ...params, _meta: { [subscriptionKey]: id } } }
        controller.enqueue(Buffer.from(`event: message\ndata: ${JSON.stringify(message)}\n\n`))
      }
      tell('notifications/subscriptions/acknowledged', { notifications: honoured })
      const forget = [
        tasks.onChange((taskId, task) => taskIds.includes(taskId) && tell('notifications/tasks', task)),
        changes.onChange((list) => lists.includes(list) && tell(`notifications/${list}/list_changed`)),
      ]
      signal.addEventListener('abort', () => {
        forget.forEach((stop) => stop())
        controller.close()
      })
    },
  })
  return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } })
}

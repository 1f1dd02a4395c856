import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { resultJson } from '../methods/render.ts'
import { isObject } from '../../json/is-object.ts'
import { declaresTasks, tasksUndeclared } from '../../protocol/extensions/tasks.ts'
import { endWithToken } from './end-with-token.ts'
import { Subscription } from './watch.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'catalogue' | 'sealer' | 'secretsInUse' | 'timers'>

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'
const acknowledged = 'notifications/subscriptions/acknowledged'
const maxNamed = 1_000

/** `subscriptions/listen`: what changes, for as long as the client stays and may, and no longer than its token is good. */
export function listen(ports: Needs): (call: Call) => Promise<Rendered> {
  return async function listen(call) {
    if (!call.modern || call.id === undefined) throw new GatewayError('unknownMethod', 'listen belongs to the modern era')
    const wanted = filterOf(call.params['notifications'])
    if (wanted.taskIds && !declaresTasks(call.client.capabilities)) throw tasksUndeclared()
    const tag = ({ params, ...said }: Notification): Notification => ({
      ...said,
      params: { ...params, _meta: { ...(isObject(params?.['_meta']) && params['_meta']), [subscriptionKey]: call.id } },
    })
    const watch = new Subscription(ports, call, (notification) => call.channel.notify(tag(notification)))
    const letExpire = endWithToken(ports, call)
    try {
      const honoured = await watch.begin(wanted)
      await call.channel.notify(tag({ method: acknowledged, params: { notifications: honoured } }))
      await watch.ended
    } finally {
      letExpire()
    }
    return { json: resultJson({ _meta: { [subscriptionKey]: call.id } }, true) }
  }
}

function filterOf(given: unknown): ListenFilter {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions, taskIds } = isObject(given) ? given : {}
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, maxNamed) : undefined)
  const [uris, tasks] = [texts(resourceSubscriptions), texts(taskIds)]
  return {
    ...(toolsListChanged === true && { toolsListChanged }),
    ...(promptsListChanged === true && { promptsListChanged }),
    ...(resourcesListChanged === true && { resourcesListChanged }),
    ...(uris && { resourceSubscriptions: uris }),
    ...(tasks && { taskIds: tasks }),
  }
}

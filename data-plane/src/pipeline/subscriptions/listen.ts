import { GatewayError } from '@bir/sdk/contract/errors'
import { ownWords, withOwnMembers } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import type { OutgoingFilters } from '../filters/outgoing.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { resultJson } from '../methods/render.ts'
import { idMember } from '../../protocol/request-id.ts'
import { isObject } from '../../json/is-object.ts'
import { declaresTasks, tasksUndeclared } from '../../protocol/extensions/tasks.ts'
import { endWithToken } from './end-with-token.ts'
import { Subscription } from './subscription.ts'
import type { SubscriptionPorts } from './subscription.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'

type Call = Incoming & Authenticated

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'
const acknowledged = 'notifications/subscriptions/acknowledged'
const maxNamed = 1_000

/**
 * `subscriptions/listen`: what changes, for as long as the client stays and may, and no longer than its token is good
 * and the plane serves.
 */
export function listen(ports: SubscriptionPorts, outgoing: OutgoingFilters): (call: Call) => Promise<Rendered> {
  return async function listen(call) {
    if (!call.modern || call.id === undefined) throw new GatewayError('unknownMethod', 'listen belongs to the modern era')
    const wanted = filterOf(call.params['notifications'])
    if (wanted.taskIds && !declaresTasks(call.client.capabilities)) throw tasksUndeclared()
    const { channel } = call
    const subscription = new Subscription(ports, outgoing, call, (notification) => channel.notify(tagged(notification, call)))
    const stopTimer = endWithToken(ports, call)
    const leave = ports.streams.add(call.cancel)
    try {
      // A server that is slow to answer does not hold up the end.
      const honoured = (await Promise.race([subscription.begin(wanted), subscription.ended])) ?? {}
      await channel.notify(tagged(await acknowledgement(outgoing, call, honoured), call))
      await subscription.ended
    } finally {
      stopTimer()
      leave()
    }
    return { json: resultJson(ownWords({ _meta: { [subscriptionKey]: idMember(call.id) } }), true) }
  }
}

/** One server's acknowledgement is its own word; on `/mcp` it is made out of what the client asked for. */
async function acknowledgement(outgoing: OutgoingFilters, call: Call, honoured: ListenFilter): Promise<Cleared<Notification>> {
  const notification = { method: acknowledged, params: { notifications: honoured } }
  const { policy, person, token, endpoint } = call
  const { server } = endpoint
  if (server === undefined) return ownWords(notification)
  const cleared = await outgoing.notification(notification, { policy, person, token, endpoint, server })
  return cleared ?? ownWords({ method: acknowledged, params: { notifications: {} } })
}

/** The notification with the id of the subscription that it belongs to. */
function tagged(notification: Cleared<Notification>, { id = '' }: Call): Cleared<Notification> {
  const { params } = notification
  const meta = isObject(params?.['_meta']) ? params['_meta'] : {}
  return withOwnMembers(notification, { params: { ...params, _meta: { ...meta, [subscriptionKey]: idMember(id) } } })
}

function filterOf(wish: unknown): ListenFilter {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions, taskIds } = isObject(wish) ? wish : {}
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

import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../pipeline/types.ts'
import type { ListenFilter, Notification } from '../upstream/upstream.ts'
import { resultJson } from './envelope.ts'
import { isObject } from './json-rpc.ts'
import { declaresTasks, tasksUndeclared } from './tasks.ts'
import { Watch } from './watch.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'sessions' | 'offers' | 'sealer' | 'secretsInUse'>

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'
const acknowledged = 'notifications/subscriptions/acknowledged'
const mostNamed = 1_000

/** `subscriptions/listen`: what changes, for as long as the client stays and may. */
export function listen(ports: Needs): (call: Call) => Promise<Rendered> {
  return async function listen(call) {
    if (!call.modern || call.id === undefined) throw new GatewayError('unknownMethod', 'listen belongs to the modern era')
    const wanted = filterOf(call.params['notifications'])
    if (wanted.taskIds && !declaresTasks(call.client.capabilities)) throw tasksUndeclared()
    const tag = ({ params, ...said }: Notification): Notification => ({
      ...said,
      params: { ...params, _meta: { ...(isObject(params?.['_meta']) && params['_meta']), [subscriptionKey]: call.id } },
    })
    const watch = new Watch(ports, call, (notification) => call.channel.notify(tag(notification)))
    const honoured = await watch.begin(wanted)
    await call.channel.notify(tag({ method: acknowledged, params: { notifications: honoured } }))
    await watch.ended
    return { json: resultJson({ _meta: { [subscriptionKey]: call.id } }, true) }
  }
}

/** A legacy session's GET stream. What it subscribes to by requests of its own follows along. */
export function openStream(ports: Needs): (call: Call) => Promise<Rendered> {
  return async function openStream(call) {
    if (!call.session) throw new GatewayError('methodNotAllowed', 'GET without a session')
    const state = ports.sessions.of(call.session.id)
    let watch: Watch | undefined
    const follow = async () => {
      watch?.stop()
      watch = new Watch(ports, call, (notification) => call.channel.notify(notification))
      await watch.begin({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: [...state.subscriptions],
      })
    }
    state.onSubscriptions = () => void follow().catch(() => undefined) // the stream stays; the next change tries again
    call.channel.begin()
    await follow()
    await new Promise<void>((resolve) => call.cancel.subscribe(() => resolve()))
    state.onSubscriptions = undefined
    watch?.stop()
    return { json: '{}' }
  }
}

function filterOf(given: unknown): ListenFilter {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions, taskIds } = isObject(given) ? given : {}
  const texts = (value: unknown) =>
    Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, mostNamed) : undefined
  const [uris, tasks] = [texts(resourceSubscriptions), texts(taskIds)]
  return {
    ...(toolsListChanged === true && { toolsListChanged }),
    ...(promptsListChanged === true && { promptsListChanged }),
    ...(resourcesListChanged === true && { resourcesListChanged }),
    ...(uris && { resourceSubscriptions: uris }),
    ...(tasks && { taskIds: tasks }),
  }
}

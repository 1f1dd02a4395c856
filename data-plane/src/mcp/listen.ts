import { decideFor } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { personOf } from '@bir/sdk/contract/policy'
import { GatewayError } from '@bir/sdk/contract/errors'
import { stillGood } from '../pipeline/authenticate.ts'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../pipeline/types.ts'
import { Cancel } from '../pipeline/cancel.ts'
import type { ListenFilter, Notification } from '../upstream/upstream.ts'
import { askerOf } from './describe.ts'
import { resultJson } from './envelope.ts'
import { isObject } from './json-rpc.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'sessions'>

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId'
const acknowledged = 'notifications/subscriptions/acknowledged'

/** `subscriptions/listen`: what changes, for as long as the client stays and may. */
export function listen(ports: Needs): (call: Call) => Promise<Rendered> {
  return async function listen(call) {
    if (!call.modern || call.id === undefined) throw new GatewayError('unknownMethod', 'listen belongs to the modern era')
    const tag = (notification: Notification): Notification => ({
      ...notification,
      params: {
        ...notification.params,
        _meta: { ...(isObject(notification.params?.['_meta']) && notification.params['_meta']), [subscriptionKey]: call.id },
      },
    })
    const wanted = filterOf(call.params['notifications'])
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
    await follow()
    const left = new Promise<void>((resolve) => call.cancel.signal.addEventListener('abort', () => resolve(), { once: true }))
    await left
    state.onSubscriptions = undefined
    watch?.stop()
    return { json: '{}' }
  }
}

/** Follows one server for one client, and the policy for one person: ends when they may no longer listen, tells when what they see changes. */
class Watch {
  private readonly ports: Needs
  private readonly call: Call
  private readonly tell: (notification: Notification) => unknown
  private readonly cancel = new Cancel()
  private readonly over = Promise.withResolvers<void>()
  private unfollow: (() => void) | undefined
  private seen = ''

  constructor(ports: Needs, call: Call, tell: (notification: Notification) => unknown) {
    this.ports = ports
    this.call = call
    this.tell = tell
  }

  get ended(): Promise<void> {
    return this.over.promise
  }

  async begin(wanted: ListenFilter): Promise<ListenFilter> {
    const { server } = this.call.endpoint
    this.seen = this.view()
    this.unfollow = this.ports.policy.onChange(() => this.policyChanged(wanted))
    this.call.cancel.signal.addEventListener('abort', () => this.stop(), { once: true })
    const upstream = server === undefined ? undefined : this.ports.upstream(server)
    const own: ListenFilter = wanted.toolsListChanged ? { toolsListChanged: true } : {}
    if (!upstream || server === undefined || !this.mayHear(server)) return own
    const { honoured } = await upstream.listen({
      ...askerOf(this.call),
      filter: wanted,
      onNotification: (notification) => void this.tell(notification),
      onEnd: () => this.stop(),
      cancel: this.cancel,
    })
    return { ...honoured, ...own }
  }

  stop(): void {
    this.unfollow?.()
    this.unfollow = undefined
    this.cancel.abort(new Error('the client listens no more'))
    this.over.resolve()
  }

  private mayHear(server: string): boolean {
    const { policy, person } = this.now() ?? {}
    return policy !== undefined && person !== undefined && decideServer(policy, person, server, 'read', Date.now()).allow
  }

  private now() {
    const policy = this.ports.policy.current()
    const person = personOf(policy, this.call.token.subject)
    return { policy, person }
  }

  private policyChanged(wanted: ListenFilter): void {
    const { policy, person } = this.now()
    const gone = !person || person.disabled || stillGood(policy, this.call.token, this.call.endpoint, Date.now() / 1000) !== undefined
    if (gone) {
      this.call.cancel.abort(new Error('the person may no longer listen'))
      return this.stop()
    }
    const view = this.view()
    if (view === this.seen) return
    this.seen = view
    if (wanted.toolsListChanged) void this.tell({ method: 'notifications/tools/list_changed' })
  }

  /** The names of the tools this person sees here, as a text to compare. */
  private view(): string {
    const { policy, person } = this.now()
    if (!person) return ''
    const { server } = this.call.endpoint
    const ids = server === undefined ? [...policy.servers.keys()] : [server]
    const nowMs = Date.now()
    return ids
      .flatMap((id) =>
        [...(policy.servers.get(id)?.tools.keys() ?? [])]
          .filter((tool) => decideFor(policy, person, id, tool, nowMs).allow)
          .map((tool) => `${id}_${tool}`),
      )
      .join(' ')
  }
}

function filterOf(given: unknown): ListenFilter {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions, taskIds } = isObject(given) ? given : {}
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((item) => typeof item === 'string').slice(0, 1_000) : undefined)
  const [uris, tasks] = [texts(resourceSubscriptions), texts(taskIds)]
  return {
    ...(toolsListChanged === true && { toolsListChanged }),
    ...(promptsListChanged === true && { promptsListChanged }),
    ...(resourcesListChanged === true && { resourcesListChanged }),
    ...(uris && { resourceSubscriptions: uris }),
    ...(tasks && { taskIds: tasks }),
  }
}

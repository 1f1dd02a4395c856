import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { createdAtMs, SESSION_LIFE_MS } from '../../sessions/session.ts'
import { endSessionById } from '../session-end/end.ts'
import type { SeenLists, SessionState } from '../../sessions/session-memory.ts'
import { endWithToken } from './end-with-token.ts'
import { Subscription } from './subscription.ts'
import type { AskClient, SubscriptionPorts } from './subscription.ts'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { OutgoingFilters } from '../filters/outgoing.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { ListenFilter } from '../../protocol/notification.ts'
import { scopeOf } from '../call/scope.ts'

type Call = Incoming & Authenticated
type StreamPorts = SubscriptionPorts & Pick<Ports, 'sessions' | 'clientRequests'>

/**
 * The GET stream of a legacy session: what happens outside its requests, and what its servers ask. The stream follows
 * what the session subscribes to and the log level it sets. A session has one stream: a new one takes the place of the
 * one before, as clients open it when they have lost that. The stream ends with the token it was opened with, and
 * when the plane stops; what changes until the next one is told there.
 */
export function openStream(ports: StreamPorts, outgoing: OutgoingFilters): (call: Call) => Promise<Rendered> {
  return async function openStream(call) {
    if (!call.session) throw new GatewayError('methodNotAllowed', 'GET without a session')
    const { id } = call.session
    const state = ports.sessions.of(id)
    state.stream?.close()
    const follower = new SessionFollower(ports, outgoing, call, state)
    const stream = { follow: () => follower.follow(), close: () => call.cancel.abort(new Error('the stream of a session that is over')) }
    state.stream = stream
    const stopLifeTimer = ports.timers.after(createdAtMs(id) + SESSION_LIFE_MS - Date.now(), () => endSessionById(ports, id))
    const stopTokenTimer = endWithToken(ports, call)
    const releaseSession = ports.sessions.hold(call.session)
    const leave = ports.streams.add(call.cancel)
    call.channel.begin()
    const { seen } = state
    const catchUp = (honoured: ListenFilter | undefined) => seen && follower.catchUp(seen, honoured)
    follower.follow().then(catchUp, () => undefined)
    await new Promise<void>((resolve) => call.cancel.subscribe(() => resolve()))
    stopLifeTimer()
    stopTokenTimer()
    releaseSession()
    leave()
    if (state.stream === stream) Object.assign(state, { stream: undefined, seen: follower.seen })
    follower.stop()
    return { json: ownWords('{}') }
  }
}

/**
 * Keeps one subscription for what the session wants now. A new one begins before the old one ends, so nothing is
 * missed in between.
 */
class SessionFollower {
  private readonly ports: StreamPorts
  private readonly outgoing: OutgoingFilters
  private readonly call: Call
  private readonly state: SessionState
  private subscription: Subscription | undefined
  private renewal = Promise.resolve<ListenFilter | undefined>(undefined)

  constructor(ports: StreamPorts, outgoing: OutgoingFilters, call: Call, state: SessionState) {
    this.ports = ports
    this.outgoing = outgoing
    this.call = call
    this.state = state
  }

  follow(): Promise<ListenFilter | undefined> {
    // the stream stays; the next change tries again
    this.renewal = this.renewal.then(() => this.renew()).catch(() => undefined)
    return this.renewal
  }

  get seen(): SeenLists | undefined {
    return this.subscription?.seen
  }

  /** While there was no stream, any resource may have changed. Of the lists the changes are known. */
  catchUp(seen: SeenLists, honoured: ListenFilter | undefined): void {
    this.subscription?.catchUp(seen)
    // The session named these URIs itself.
    for (const uri of this.state.subscriptions)
      if (honoured?.resourceSubscriptions?.includes(uri))
        unawaited(this.call.channel.notify(ownWords({ method: 'notifications/resources/updated', params: { uri } })))
  }

  stop(): void {
    this.subscription?.stop()
  }

  private async renew(): Promise<ListenFilter> {
    const { ports, outgoing, state } = this
    const call = { ...this.call, client: { ...this.call.client, logLevel: state.logLevel } }
    const previous = this.subscription
    this.subscription = new Subscription(ports, outgoing, call, (notification) => call.channel.notify(notification), this.askClient())
    try {
      return await this.subscription.begin({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: [...state.subscriptions],
      })
    } finally {
      previous?.stop()
      if (this.call.cancel.cancelled) this.subscription.stop()
    }
  }

  private askClient(): AskClient {
    const { ports, call } = this
    return async (server, question, signal) => {
      const asker = { scope: scopeOf(call), server }
      const streamSignal = AbortSignal.any([signal, call.cancel.signal])
      const { answers, source, refusals } = await ports.clientRequests.ask(call.channel, asker, question, streamSignal)
      const refusal = refusals?.get('question')
      return refusal ? { refusal } : { result: answers['question'], source: source.at('question') }
    }
  }
}

import { GatewayError } from '@bir/sdk/contract/errors'
import type { Ports } from '../call/ports.ts'
import type { Authenticated, Incoming, Rendered } from '../call/types.ts'
import { createdAtMs, SESSION_LIFE_MS } from '../../sessions/session.ts'
import { endSessionById } from '../session-end/end.ts'
import type { SeenLists, SessionState } from '../../sessions/session-memory.ts'
import { endWithToken } from './end-with-token.ts'
import { Subscription } from './watch.ts'
import type { AskClient } from './watch.ts'
import type { ListenFilter } from '../../protocol/notification.ts'
import { scopeOf } from '../call/scope.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'sessions' | 'catalogue' | 'sealer' | 'secretsInUse' | 'clientRequests' | 'timers'>

/**
 * A legacy session's GET stream: what happens outside its requests, questions of its servers too. What the session subscribes to, and
 * the level it sets, follow along. It has one: another takes its place, as a client opens it that has lost the one before. It ends with
 * the token it was opened with; what happened before the next one is told there as changed.
 */
export function openStream(ports: Needs): (call: Call) => Promise<Rendered> {
  return async function openStream(call) {
    if (!call.session) throw new GatewayError('methodNotAllowed', 'GET without a session')
    const { id } = call.session
    const state = ports.sessions.of(id)
    state.stream?.close()
    const followed = new Followed(ports, call, state)
    const stream = { follow: () => followed.follow(), close: () => call.cancel.abort(new Error('the stream of a session that is over')) }
    state.stream = stream
    const stop = ports.timers.after(createdAtMs(id) + SESSION_LIFE_MS - Date.now(), () => endSessionById(ports, id))
    const letExpire = endWithToken(ports, call)
    const letGo = ports.sessions.hold(call.session)
    call.channel.begin()
    const { seen } = state
    void followed.follow().then((honoured) => seen && followed.catchUp(seen, honoured))
    await new Promise<void>((resolve) => call.cancel.subscribe(() => resolve()))
    stop()
    letExpire()
    letGo()
    if (state.stream === stream) Object.assign(state, { stream: undefined, seen: followed.seen })
    followed.stop()
    return { json: '{}' }
  }
}

/** One watch at a time, each begun before the one before it ends: nothing is missed in between. */
class Followed {
  private readonly ports: Needs
  private readonly call: Call
  private readonly state: SessionState
  private watch: Subscription | undefined
  private turn = Promise.resolve<ListenFilter | undefined>(undefined)

  constructor(ports: Needs, call: Call, state: SessionState) {
    this.ports = ports
    this.call = call
    this.state = state
  }

  follow(): Promise<ListenFilter | undefined> {
    this.turn = this.turn.then(() => this.renew()).catch(() => undefined) // the stream stays; the next change tries again
    return this.turn
  }

  get seen(): SeenLists | undefined {
    return this.watch?.seen
  }

  /** While there was no stream any resource may have changed; of the lists it is known. */
  catchUp(seen: SeenLists, honoured: ListenFilter | undefined): void {
    this.watch?.catchUp(seen)
    for (const uri of honoured?.resourceSubscriptions ?? [])
      void this.call.channel.notify({ method: 'notifications/resources/updated', params: { uri } })
  }

  stop(): void {
    this.watch?.stop()
  }

  private async renew(): Promise<ListenFilter> {
    const { ports, state } = this
    const call = { ...this.call, client: { ...this.call.client, logLevel: state.logLevel } }
    const before = this.watch
    this.watch = new Subscription(ports, call, (notification) => call.channel.notify(notification), this.ask())
    try {
      return await this.watch.begin({
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: [...state.subscriptions],
      })
    } finally {
      before?.stop()
      if (this.call.cancel.cancelled) this.watch.stop()
    }
  }

  private ask(): AskClient {
    const { ports, call } = this
    return async (server, request, signal) => {
      const whole = AbortSignal.any([signal, call.cancel.signal])
      const questions = { asked: { one: request }, source: () => request.source }
      const { answers, source, refusals } = await ports.clientRequests.ask(call.channel, { scope: scopeOf(call), server }, questions, whole)
      const refusal = refusals?.get('one')
      return refusal ? { refusal } : { result: answers['one'], source: source.at('one') }
    }
  }
}

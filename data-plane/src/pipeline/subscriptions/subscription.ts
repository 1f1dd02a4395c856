import { decideServer } from '@bir/sdk/contract/decide-server'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { responsesForServer } from '../../aggregate/rewrite-request.ts'
import type { ServerOrigin } from '../../aggregate/rewrite-result.ts'
import { notificationOnAggregate, resultOnAggregate } from '../../aggregate/rewrite-result.ts'
import { mergeHonoured, splitListen } from '../../aggregate/split-listen.ts'
import { viewHash } from '../../aggregate/view-hash.ts'
import { isObject } from '../../json/is-object.ts'
import { standingOf } from '../../policy/tokens/token.ts'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { withKeptTtl } from '../../protocol/extensions/tasks.ts'
import { LIST_CHANGES, listChangeOf } from '../../protocol/facts/list-changes.ts'
import type { ListMethod } from '../../protocol/list-methods.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'
import { keysOf, notificationOfKey } from '../../protocol/subscription-keys.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import type { SeenLists } from '../../sessions/session-memory.ts'
import { UpstreamFault } from '../../upstream/upstream.ts'
import type { ClientAnswer, ServerQuestion, UpstreamResult } from '../../upstream/upstream.ts'
import type { Ports } from '../call/ports.ts'
import { askerOf } from '../call/scope.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { OrderedNotifications } from '../filters/ordered-notifications.ts'
import type { OutgoingContext, OutgoingFilters } from '../filters/outgoing.ts'
import { visibleEntries } from '../methods/list.ts'
import { routesOf, serverOrigin } from '../routing/origin.ts'
import { Outbox, subjectOf } from './outbox.ts'
import { WatchedTasks } from './watched-tasks.ts'
import { textOf } from '../../json/text-of.ts'

type Call = Incoming & Authenticated
export type SubscriptionPorts = Pick<Ports, 'upstream' | 'policy' | 'catalogue' | 'sealer' | 'secrets' | 'timers' | 'streams'>

/** Puts a question of a server to the client, under the key `question`. Rejects when nobody answers. */
export type AskClient = (server: string, question: Cleared<UpstreamResult>, signal: AbortSignal) => Promise<ClientAnswer>

type Notify = (notification: Cleared<Notification>) => Awaitable<void>
type Translate = (notification: Notification) => Notification

/** What is listened to at one server, and how its notifications are said at the endpoint. */
interface ServerSubscription {
  readonly server: string
  readonly filter: ListenFilter
  readonly translate: Translate
}

/** After this a server that is away is listened to again; after twice as long each time it fails again. */
const firstRetryMs = 500
const maxRetryMs = 60_000
/** A stream that lasted so long did not fail at once. */
const steadyMs = 10_000

/** Changes that come in a burst are told once. */
const gatherMs = 20

/**
 * Follows the servers of one endpoint for one client, and the policy for one person. A change is told only when it
 * changes what this person sees, be it by a server or by a permission. It ends when the person may no longer listen.
 */
export class Subscription {
  private readonly ports: SubscriptionPorts
  private readonly outgoing: OutgoingFilters
  private readonly call: Call
  private readonly notify: Notify
  private readonly outbox: Outbox
  private readonly notifications = new OrderedNotifications((cleared) => this.send(cleared))
  private readonly askClient: AskClient | undefined
  private readonly cancel = new Cancel()
  private readonly ending = Promise.withResolvers<void>()
  /** By notification, a hash of the lists that it is about, as the person was last told of them. */
  private readonly views = new Map<string, string>()
  private wanted: ListenFilter = {}
  private tasks = new WatchedTasks({ openTask: () => undefined })
  /**
   * What is listened to at servers, each with its own end. `lost` ends the questions that a server has put: they
   * outlive this subscription when another takes its place, but not the person's permission.
   */
  private readonly listened = new Map<ServerSubscription, { cancel: Cancel; lost: AbortController }>()
  /** By server: what it says on this stream goes on from what it said before. */
  private readonly speeches = new Map<string, object>()
  /** What the person may not listen to now. */
  private readonly refused = new Set<ServerSubscription>()
  private unfollow: (() => void) | undefined
  private comparison: NodeJS.Timeout | undefined

  constructor(ports: SubscriptionPorts, outgoing: OutgoingFilters, call: Call, notify: Notify, askClient?: AskClient) {
    this.ports = ports
    this.outgoing = outgoing
    this.call = call
    this.notify = notify
    this.outbox = new Outbox(notify)
    this.askClient = askClient
  }

  /** The lists that the person was last told of, or saw when the subscription began. */
  get seen(): SeenLists {
    return this.views
  }

  /** Tells what has changed since another subscription ended. */
  catchUp(seen: SeenLists): void {
    for (const [method, view] of this.views) if (seen.has(method) && seen.get(method) !== view) this.tellChange(method)
  }

  get ended(): Promise<void> {
    return this.ending.promise
  }

  /** Resolves with what is honoured once every server that answers has said so. */
  async begin(wanted: ListenFilter): Promise<ListenFilter> {
    this.wanted = wanted
    this.tasks = new WatchedTasks(routesOf(this.ports, this.call), wanted.taskIds)
    const listChanges = LIST_CHANGES.filter(({ wish }) => wanted[wish])
    for (const { lists, method } of listChanges) this.views.set(method, this.viewOf(lists))
    this.follow()
    this.call.cancel.subscribe(() => this.stop())
    const { server } = this.call.endpoint
    const honoured = server === undefined ? await this.listenToAll() : await this.listenToOne(server)
    return { ...honoured, ...Object.fromEntries(listChanges.map(({ wish }) => [wish, true])) }
  }

  stop(): void {
    clearTimeout(this.comparison)
    this.unfollow?.()
    this.unfollow = undefined
    this.cancel.abort(new Error('the client listens no more'))
    this.ending.resolve()
  }

  private async listenToOne(server: string): Promise<ListenFilter> {
    const sealedIds = this.tasks.namesOf(server)
    const { taskIds, ...others } = this.wanted
    const filter = taskIds ? { ...others, taskIds: [...sealedIds.keys()] } : others
    const honoured = (await this.listenTo({ server, filter, translate: withSealedTaskId(sealedIds) })) ?? {}
    const honouredIds = new Set(honoured.taskIds?.map((taskId) => sealedIds.get(taskId)))
    return taskIds ? { ...honoured, taskIds: taskIds.filter((sealedId) => honouredIds.has(sealedId)) } : honoured
  }

  private async listenToAll(): Promise<ListenFilter> {
    const { policy, person } = this.now()
    const servers = person ? [...policy.servers.keys()].filter((id) => person.grants.has(id)) : []
    const routes = routesOf(this.ports, this.call)
    const honoured = await Promise.all(
      [...splitListen(this.wanted, servers, routes)].map(async ([server, filter]) => {
        const origin = serverOrigin(this.ports, this.call, server, { sealed: this.tasks.namesOf(server) })
        const translate: Translate = (notification) => notificationOnAggregate(origin, notification)
        const honouredFilter = await this.listenTo({ server, filter, translate })
        return honouredFilter ? [[server, honouredFilter] as const] : []
      }),
    )
    return mergeHonoured(this.wanted, new Map(honoured.flat()), routes)
  }

  /**
   * Undefined when the server cannot be listened to: that never ends the rest. A server that is away is listened to
   * once it is back.
   */
  private async listenTo(subscription: ServerSubscription, failures = 0): Promise<ListenFilter | undefined> {
    const { server } = subscription
    const upstream = this.ports.upstream(server)
    const filter = this.allowed(server, subscription.filter)
    if (!filter) this.refused.add(subscription)
    if (!upstream || !filter) return undefined
    const startedMs = performance.now()
    const releaseSecrets = this.ports.secrets.for(server, this.call.token.subject.id).hold()
    const cancel = new Cancel()
    const lost = new AbortController()
    const unsubscribe = this.cancel.subscribe((cause) => cancel.abort(cause))
    const release = () => {
      unsubscribe()
      this.listened.delete(subscription)
      releaseSecrets()
    }
    const stopReleasing = cancel.subscribe(release)
    this.listened.set(subscription, { cancel, lost })
    try {
      const { honoured } = await upstream.listen({
        ...askerOf(this.call),
        filter,
        cancel,
        onNotification: (notification) => this.pass(subscription, notification),
        ...(this.askClient && {
          onRequest: (question, signal) => this.ask(server, question, AbortSignal.any([signal, lost.signal])),
        }),
        onEnd: () => {
          stopReleasing()
          release()
          const lastedMs = performance.now() - startedMs
          this.retryLater(subscription, lastedMs < steadyMs ? failures + 1 : 1)
        },
      })
      return honoured
    } catch (error) {
      if (cancel.cancelled) return undefined
      stopReleasing()
      release()
      // A server that refused would refuse again; one that could not be reached is asked again.
      if (error instanceof UpstreamFault) this.retryLater(subscription, failures + 1)
      return undefined
    }
  }

  /** Listens again after a while. Anything that was asked for may have changed in between, so all of it is told. */
  private retryLater(subscription: ServerSubscription, failures: number): void {
    if (this.cancel.cancelled) return
    const delayMs = Math.min(firstRetryMs * 2 ** (failures - 1), maxRetryMs)
    const stopTimer = this.ports.timers.after(delayMs, () => {
      unsubscribe()
      unawaited(this.listenAgain(subscription, failures))
    })
    const unsubscribe = this.cancel.subscribe(stopTimer)
  }

  private async listenAgain(subscription: ServerSubscription, failures = 0): Promise<void> {
    const honoured = await this.listenTo(subscription, failures)
    const missed = keysOf(honoured).flatMap((key) => notificationOfKey(key) ?? [])
    for (const notification of missed) unawaited(this.pass(subscription, notification))
  }

  /** Leaves the servers that the person may not listen to any more, and listens to those that they may again. */
  private decideServers(): void {
    const isAllowed = ({ server, filter }: ServerSubscription) => this.allowed(server, filter) !== undefined
    for (const [subscription, { cancel, lost }] of this.listened) {
      if (isAllowed(subscription)) continue
      this.refused.add(subscription)
      const loss = new Error('the person may not listen to the server any more')
      lost.abort(loss)
      cancel.abort(loss)
    }
    for (const subscription of this.refused) {
      if (!isAllowed(subscription)) continue
      this.refused.delete(subscription)
      unawaited(this.listenAgain(subscription))
    }
  }

  /** A grant of single tools opens their tasks, and nothing else of the server. */
  private allowed(server: string, { taskIds, ...others }: ListenFilter): ListenFilter | undefined {
    const allowedIds = taskIds?.filter((taskId) => this.tasks.mayHear(server, taskId, this.now()))
    const tasks = allowedIds && allowedIds.length > 0 ? { taskIds: allowedIds } : undefined
    return this.mayRead(server) ? { ...others, ...tasks } : tasks
  }

  private mayRead(server: string): boolean {
    const { policy, person } = this.now()
    return person !== undefined && decideServer(policy, person, server, 'read', Date.now()).allow
  }

  /** Decided anew for each notification: the person may have lost a permission since. */
  private pass({ server, translate }: ServerSubscription, notification: Notification): Awaitable<void> {
    const { method, params } = notification
    if (listChangeOf(method) && this.call.endpoint.server === undefined)
      return this.ports.catalogue.refreshSoon(server, this.call.token.subject.id)
    const isTask = method === 'notifications/tasks'
    if (isTask ? !this.tasks.mayHear(server, params?.['taskId'], this.now()) : !this.mayRead(server)) return undefined
    const context = this.contextFor(server)
    return context && this.notifications.put(this.outgoing.notification(translate(notification), context))
  }

  private send(notification: Cleared<Notification>): Awaitable<void> {
    const subject = subjectOf(notification)
    return subject === undefined ? this.notify(notification) : this.outbox.put(subject, notification)
  }

  private tellChange(method: string): void {
    this.outbox.put(method, ownWords({ method }))
  }

  /**
   * On `/mcp` a list is what the servers were last seen to offer: it changes when the catalogue does, not when a
   * server says so.
   */
  private follow(): void {
    const stops = [this.ports.policy.onChange(() => this.policyChanged())]
    if (this.call.endpoint.server === undefined) stops.push(this.ports.catalogue.onChange(() => this.compareSoon()))
    this.unfollow = () => stops.forEach((stop) => stop())
  }

  /** On `/mcp` question and answer are translated, each into the terms of the other side. */
  private async ask(server: string, question: ServerQuestion, signal: AbortSignal): Promise<ClientAnswer> {
    const context = this.contextFor(server)
    if (!this.askClient || !context) throw new Error('nobody can be asked')
    const isOnAggregate = this.call.endpoint.server === undefined
    const translated = isOnAggregate ? questionOnAggregate(serverOrigin(this.ports, this.call, server), question) : question
    const answer = await this.askClient(server, await this.outgoing.question(translated, context), signal)
    // The policy may have changed while the client thought.
    if (!this.mayRead(server)) throw new Error('the person may not answer the server any more')
    if (answer.refusal || !isOnAggregate) return answer
    const { inputResponses } = responsesForServer(server, { inputResponses: { answer: answer.result } })
    return { result: isObject(inputResponses) ? inputResponses['answer'] : undefined, source: answer.source }
  }

  private policyChanged(): void {
    const { person } = this.now()
    const { fault } = standingOf(this.ports.policy, this.call.token, this.call.endpoint, Date.now())
    if (person && !person.disabled && fault === undefined && !this.ports.policy.refusal()) {
      this.decideServers()
      return this.compareSoon()
    }
    this.call.cancel.abort(new Error('the person may no longer listen'))
    this.stop()
  }

  /** Compares, a moment later, what this person sees with what they saw. */
  private compareSoon(): void {
    this.comparison ??= setTimeout(() => {
      this.comparison = undefined
      for (const { lists, method } of LIST_CHANGES) this.compare(lists, method)
    }, gatherMs)
  }

  private compare(lists: readonly ListMethod[], method: string): void {
    const before = this.views.get(method)
    if (before === undefined) return
    const view = this.viewOf(lists)
    if (view === before) return
    this.views.set(method, view)
    this.tellChange(method)
  }

  private now(): { policy: Policy; person: Person | undefined } {
    const policy = this.ports.policy.current()
    return { policy, person: personOf(policy, this.call.token.subject) }
  }

  private contextFor(server: string): OutgoingContext | undefined {
    const { token, endpoint } = this.call
    const { policy, person } = this.now()
    const speech = this.speeches.get(server) ?? {}
    this.speeches.set(server, speech)
    return person && { policy, person, token, endpoint, server, speech }
  }

  private viewOf(lists: readonly ListMethod[]): string {
    const { policy, person } = this.now()
    return person ? viewHash(lists.flatMap((list) => visibleEntries(this.ports, list, { ...this.call, policy, person }))) : ''
  }
}

function questionOnAggregate(origin: ServerOrigin, question: ServerQuestion): ServerQuestion {
  const { method, params, source } = question
  const { inputRequests } = resultOnAggregate(origin, method, {
    resultType: 'input_required',
    inputRequests: { question: { method, params } },
  })
  const translated = isObject(inputRequests) ? inputRequests['question'] : undefined
  return isObject(translated) && isObject(translated['params']) ? { method, params: translated['params'], source } : question
}

/** As the server says it, but for the id of a task: the person knows it by the sealed id they were given. */
const withSealedTaskId =
  (sealedIds: ReadonlyMap<string, string>): Translate =>
  (notification) => {
    const { method, params } = notification
    const taskId = method === 'notifications/tasks' ? sealedIds.get(textOf(params?.['taskId'])) : undefined
    return taskId === undefined ? notification : { ...notification, params: { ...withKeptTtl(params ?? {}), taskId } }
  }

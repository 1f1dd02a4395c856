import { decideServer } from '@bir/sdk/contract/decide-server'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { Cancel } from '../../runtime/cancellation.ts'
import type { Ports } from '../call/ports.ts'
import { redactNotification } from '../filters/redact-secrets.ts'
import { truncateTaskNotification } from '../filters/truncate-task.ts'
import type { Authenticated, Incoming } from '../call/types.ts'
import { keysOf, notificationOfKey } from '../../protocol/subscription-keys.ts'
import { UpstreamFault } from '../../upstream/upstream.ts'
import type { ClientAnswer, ServerQuestion } from '../../upstream/upstream.ts'
import { notificationOnAggregate, resultOnAggregate } from '../../aggregate/rewrite-result.ts'
import { mergeHonoured, splitListen } from '../../aggregate/split-listen.ts'
import { responsesForServer } from '../../aggregate/rewrite-request.ts'
import { viewHash } from '../../aggregate/view-hash.ts'
import { isObject } from '../../json/is-object.ts'
import { visibleEntries } from '../methods/list.ts'
import { Outbox, subjectOf } from './outbox.ts'
import type { SeenLists } from '../../sessions/session-memory.ts'
import { serverOrigin, routesOf } from '../routing/origin.ts'
import { withKeptTtl } from '../../protocol/extensions/tasks.ts'
import { WatchedTasks } from './watched-tasks.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ListenFilter, Notification } from '../../protocol/notification.ts'
import type { ListMethod } from '../../protocol/list-methods.ts'
import { askerOf } from '../call/scope.ts'
import { tokenFault } from '../../policy/token.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'catalogue' | 'sealer' | 'secretsInUse' | 'timers'>

/** Puts a question of a server to the client; rejects when nobody answers. */
export type AskClient = (server: string, request: ServerQuestion, signal: AbortSignal) => Promise<ClientAnswer>

/** A server's notification in the words of the endpoint. */
type Translate = (notification: Notification) => Notification

/** A server that is away is listened to again after this, and after twice as long each time it is in vain. */
const firstAwayMs = 500
const maxAwayMs = 60_000
/** What lasted so long did not end at once. */
const steadyMs = 10_000

/** Changes that come in a burst are told once. */
const gatherMs = 20

/** What may be told of, which lists it is about, and how it is said. */
const changes = [
  { wish: 'toolsListChanged', lists: ['tools/list'], method: 'notifications/tools/list_changed' },
  { wish: 'promptsListChanged', lists: ['prompts/list'], method: 'notifications/prompts/list_changed' },
  // Skills have no word of their own for it.
  { wish: 'resourcesListChanged', lists: ['resources/list', 'skills/list'], method: 'notifications/resources/list_changed' },
] as const satisfies { wish: keyof ListenFilter; lists: ListMethod[]; method: string }[]

/**
 * Follows the servers of one endpoint for one client, and the policy for one person. What changed is told only where what this
 * person sees changed, by a server or by a permission; it ends when they may no longer listen.
 */
export class Subscription {
  private readonly ports: Needs
  private readonly call: Call
  private readonly tell: (notification: Notification) => Awaitable<void>
  private readonly outbox: Outbox
  private readonly ask: AskClient | undefined
  private readonly cancel = new Cancel()
  private readonly over = Promise.withResolvers<void>()
  private readonly views = new Map<string, string>()
  private wanted: ListenFilter = {}
  private tasks = new WatchedTasks({ openTask: () => undefined })
  private unfollow: (() => void) | undefined
  private looking: NodeJS.Timeout | undefined

  constructor(ports: Needs, call: Call, tell: (notification: Notification) => Awaitable<void>, ask?: AskClient) {
    this.ask = ask
    this.ports = ports
    this.call = call
    this.tell = tell
    this.outbox = new Outbox(tell)
  }

  /** What the person was last told of, or saw when it began. */
  get seen(): SeenLists {
    return this.views
  }

  /** Tells what has changed since another watch ended. */
  catchUp(seen: SeenLists): void {
    for (const [method, view] of this.views) if (seen.has(method) && seen.get(method) !== view) this.outbox.put(method, { method })
  }

  get ended(): Promise<void> {
    return this.over.promise
  }

  /** Resolves with what is honoured once every server that answers has said so. */
  async begin(wanted: ListenFilter): Promise<ListenFilter> {
    this.wanted = wanted
    this.tasks = new WatchedTasks(routesOf(this.ports, this.call), wanted.taskIds)
    for (const { wish, lists, method } of changes) if (wanted[wish]) this.views.set(method, this.view(lists))
    this.follow()
    this.call.cancel.subscribe(() => this.stop())
    const heard = this.call.endpoint.server === undefined ? await this.listenToAll() : await this.listenToOne(this.call.endpoint.server)
    const own = changes.filter(({ wish }) => wanted[wish]).map(({ wish }) => [wish, true])
    return { ...heard, ...Object.fromEntries(own) }
  }

  stop(): void {
    clearTimeout(this.looking)
    this.unfollow?.()
    this.unfollow = undefined
    this.cancel.abort(new Error('the client listens no more'))
    this.over.resolve()
  }

  private async listenToOne(server: string): Promise<ListenFilter> {
    const names = this.tasks.namesOf(server)
    const { taskIds, ...others } = this.wanted
    const heard = (await this.listenTo(server, taskIds ? { ...others, taskIds: [...names.keys()] } : others, asItIs(names))) ?? {}
    const honoured = new Set(heard.taskIds?.map((taskId) => names.get(taskId)))
    return taskIds ? { ...heard, taskIds: taskIds.filter((sealed) => honoured.has(sealed)) } : heard
  }

  private async listenToAll(): Promise<ListenFilter> {
    const { policy, person } = this.now()
    const servers = person ? [...policy.servers.keys()].filter((id) => person.grants.has(id)) : []
    const routes = routesOf(this.ports, this.call)
    const split = splitListen(this.wanted, servers, routes)
    const honoured = await Promise.all(
      [...split].map(async ([server, filter]) => {
        const origin = serverOrigin(this.ports, this.call, server, { sealed: this.tasks.namesOf(server) })
        const heard = await this.listenTo(server, filter, (notification) => notificationOnAggregate(origin, notification))
        return heard ? [[server, heard] as const] : []
      }),
    )
    return mergeHonoured(this.wanted, new Map(honoured.flat()), routes)
  }

  /** Undefined where there is nobody to listen to: that never ends the rest. A server that is away is listened to once it is back. */
  private async listenTo(server: string, wanted: ListenFilter, word: Translate, failures = 0): Promise<ListenFilter | undefined> {
    const upstream = this.ports.upstream(server)
    const filter = this.allowed(server, wanted)
    if (!upstream || !filter) return undefined
    const begunMs = performance.now()
    try {
      const { honoured } = await upstream.listen({
        ...askerOf(this.call),
        filter,
        cancel: this.cancel,
        onNotification: (notification) => this.heard(server, notification, word),
        ...(this.ask && { onRequest: (question, signal) => this.asked(server, question, signal) }),
        onEnd: () => this.again(server, wanted, word, performance.now() - begunMs < steadyMs ? failures + 1 : 1),
      })
      return honoured
    } catch (error) {
      // What it refuses it would refuse again.
      if (error instanceof UpstreamFault) this.again(server, wanted, word, failures + 1)
      return undefined
    }
  }

  /** What was missed in between nobody knows: all that was asked for may have changed. */
  private again(server: string, wanted: ListenFilter, word: Translate, failures: number): void {
    if (this.cancel.cancelled) return
    const listen = async () => {
      forget()
      const honoured = await this.listenTo(server, wanted, word, failures)
      for (const notification of keysOf(honoured).flatMap((key) => notificationOfKey(key) ?? []))
        void this.heard(server, notification, word)
    }
    const stop = this.ports.timers.after(Math.min(firstAwayMs * 2 ** (failures - 1), maxAwayMs), () => void listen())
    const forget = this.cancel.subscribe(stop)
  }

  /** A grant of single tools opens their tasks, and nothing else of the server. */
  private allowed(server: string, { taskIds, ...others }: ListenFilter): ListenFilter | undefined {
    const mine = taskIds?.filter((taskId) => this.tasks.mayHear(server, taskId, this.now()))
    const tasks = mine && mine.length > 0 ? { taskIds: mine } : undefined
    return this.mayRead(server) ? { ...others, ...tasks } : tasks
  }

  private mayRead(server: string): boolean {
    const { policy, person } = this.now()
    return person !== undefined && decideServer(policy, person, server, 'read', Date.now()).allow
  }

  /** Asked anew each time: what was theirs to hear when they began to listen may be so no more. */
  private heard(server: string, notification: Notification, word: Translate): Awaitable<void> {
    const { method, params } = notification
    if (changes.some((change) => change.method === method) && this.call.endpoint.server === undefined)
      return this.ports.catalogue.refreshSoon(server)
    const isTask = method === 'notifications/tasks'
    if (isTask ? !this.tasks.mayHear(server, params?.['taskId'], this.now()) : !this.mayRead(server)) return undefined
    const given = word(redactNotification(this.ports, notification))
    const said = isTask ? truncateTaskNotification(given, { ...this.call, policy: this.now().policy }) : given
    const subject = subjectOf(said)
    return subject === undefined ? this.tell(said) : this.outbox.put(subject, said)
  }

  /** On `/mcp` a list is what was last seen of the servers: it has changed once that has, not when a server says so. */
  private follow(): void {
    const ends = [this.ports.policy.onChange(() => this.changed())]
    if (this.call.endpoint.server === undefined) ends.push(this.ports.catalogue.onChange(() => this.look()))
    this.unfollow = () => ends.forEach((end) => end())
  }

  /** On `/mcp` a question, and its answer, are said in the words of each side. */
  private async asked(server: string, question: ServerQuestion, signal: AbortSignal): Promise<ClientAnswer> {
    if (!this.ask) throw new Error('nobody can be asked')
    if (this.call.endpoint.server !== undefined) return this.ask(server, question, signal)
    const { inputRequests } = resultOnAggregate(serverOrigin(this.ports, this.call, server), question.method, {
      resultType: 'input_required',
      inputRequests: { question: { method: question.method, params: question.params } },
    })
    const said = isObject(inputRequests) ? inputRequests['question'] : undefined
    const answer = await this.ask(server, { ...(said as ServerQuestion), source: question.source }, signal)
    if (answer.refusal) return answer
    const { inputResponses } = responsesForServer(server, { inputResponses: { answer: answer.result } })
    return { result: isObject(inputResponses) ? inputResponses['answer'] : undefined, source: answer.source }
  }

  private changed(): void {
    const { policy, person } = this.now()
    const gone = !person || person.disabled || tokenFault(policy, this.call.token, this.call.endpoint, Date.now() / 1000) !== undefined
    if (!gone) return this.look()
    this.call.cancel.abort(new Error('the person may no longer listen'))
    this.stop()
  }

  /** Compares, a moment later, what this person sees with what they saw. */
  private look(): void {
    this.looking ??= setTimeout(() => {
      this.looking = undefined
      for (const { lists, method } of changes) this.compare(lists, method)
    }, gatherMs)
  }

  private compare(lists: readonly ListMethod[], method: string): void {
    const before = this.views.get(method)
    const now = before === undefined ? undefined : this.view(lists)
    if (now === undefined || now === before) return
    this.views.set(method, now)
    this.outbox.put(method, { method })
  }

  private now(): { policy: Policy; person: Person | undefined } {
    const policy = this.ports.policy.current()
    return { policy, person: personOf(policy, this.call.token.subject) }
  }

  private view(lists: readonly ListMethod[]): string {
    const { policy, person } = this.now()
    return person ? viewHash(lists.flatMap((list) => visibleEntries(this.ports, list, { ...this.call, policy, person }))) : ''
  }
}

/** As the server says it, but for the ids of tasks: those are the person's own, as they were given to them. */
const asItIs =
  (names: ReadonlyMap<string, string>) =>
  (notification: Notification): Notification => {
    const { method, params } = notification
    const taskId = method === 'notifications/tasks' ? names.get(String(params?.['taskId'])) : undefined
    return taskId === undefined ? notification : { ...notification, params: { ...withKeptTtl(params ?? {}), taskId } }
  }

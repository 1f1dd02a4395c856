import { decideServer } from '@bir/sdk/contract/decide-server'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { stillGood } from '../pipeline/authenticate.ts'
import { Cancel } from '../pipeline/cancel.ts'
import type { Ports } from '../pipeline/ports.ts'
import type { Authenticated, Incoming } from '../pipeline/types.ts'
import type { ClientAnswer, ListenFilter, Notification, ServerQuestion } from '../upstream/upstream.ts'
import type { ListMethod } from './aggregate/cursor.ts'
import { inboundNotification, inboundResult } from './aggregate/inbound.ts'
import { mergeHonoured, splitListen } from './aggregate/listen.ts'
import { ownResponses } from './aggregate/outbound.ts'
import { viewHash } from './aggregate/view-hash.ts'
import { askerOf } from './describe.ts'
import { isObject } from './json-rpc.ts'
import { visibleEntries } from './list.ts'
import { originOf, routesOf } from './routes.ts'

type Call = Incoming & Authenticated
type Needs = Pick<Ports, 'upstream' | 'policy' | 'offers' | 'sealer'>

/** Puts a question of a server to the client; rejects when nobody answers. */
export type AskClient = (server: string, request: ServerQuestion, signal: AbortSignal) => Promise<ClientAnswer>

/** Changes that come in a burst are told once. */
const gatherMs = 20

/** What may be told of, which list it is about, and how it is said. */
const changes = [
  { wish: 'toolsListChanged', list: 'tools/list', method: 'notifications/tools/list_changed' },
  { wish: 'promptsListChanged', list: 'prompts/list', method: 'notifications/prompts/list_changed' },
  { wish: 'resourcesListChanged', list: 'resources/list', method: 'notifications/resources/list_changed' },
] as const satisfies { wish: keyof ListenFilter; list: ListMethod; method: string }[]

/**
 * Follows the servers of one endpoint for one client, and the policy for one person. What changed is told only where what this
 * person sees changed, by a server or by a permission; it ends when they may no longer listen.
 */
export class Watch {
  private readonly ports: Needs
  private readonly call: Call
  private readonly tell: (notification: Notification) => unknown
  private readonly ask: AskClient | undefined
  private readonly cancel = new Cancel()
  private readonly over = Promise.withResolvers<void>()
  private readonly views = new Map<ListMethod, string>()
  private wanted: ListenFilter = {}
  private unfollow: (() => void) | undefined
  private looking: NodeJS.Timeout | undefined

  constructor(ports: Needs, call: Call, tell: (notification: Notification) => unknown, ask?: AskClient) {
    this.ask = ask
    this.ports = ports
    this.call = call
    this.tell = tell
  }

  get ended(): Promise<void> {
    return this.over.promise
  }

  /** Resolves with what is honoured once every server that answers has said so. */
  async begin(wanted: ListenFilter): Promise<ListenFilter> {
    this.wanted = wanted
    for (const { wish, list } of changes) if (wanted[wish]) this.views.set(list, this.view(list))
    this.unfollow = this.ports.policy.onChange(() => this.changed())
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
    const routes = routesOf(this.ports, this.call)
    const { sealTask } = originOf(this.ports, this.call, server)
    const taskIds = this.wanted.taskIds?.flatMap((sealed) => {
      const task = routes.openTask(sealed)
      return task?.server === server ? [task.taskId] : []
    })
    const filter = taskIds ? { ...this.wanted, taskIds } : this.wanted
    const heard = (await this.listenTo(server, filter, (notification) => withSealedTask(notification, sealTask))) ?? {}
    const own = (sealed: string) => routes.openTask(sealed)?.taskId ?? ''
    return heard.taskIds
      ? { ...heard, taskIds: this.wanted.taskIds?.filter((sealed) => heard.taskIds?.includes(own(sealed))) ?? [] }
      : heard
  }

  private async listenToAll(): Promise<ListenFilter> {
    const { policy, person } = this.now()
    const servers = person ? [...policy.servers.keys()].filter((id) => person.grants.has(id)) : []
    const routes = routesOf(this.ports, this.call)
    const split = splitListen(this.wanted, servers, routes)
    const honoured = await Promise.all(
      [...split].map(async ([server, filter]) => {
        const origin = originOf(this.ports, this.call, server)
        const heard = await this.listenTo(server, filter, (notification) => inboundNotification(origin, notification))
        return heard ? [[server, heard] as const] : []
      }),
    )
    return mergeHonoured(this.wanted, new Map(honoured.flat()), routes)
  }

  /** Undefined where there is nobody to listen to: that never ends the rest. */
  private async listenTo(
    server: string,
    filter: ListenFilter,
    word: (notification: Notification) => Notification,
  ): Promise<ListenFilter | undefined> {
    const upstream = this.ports.upstream(server)
    const { policy, person } = this.now()
    if (!upstream || !person || !decideServer(policy, person, server, 'read', Date.now()).allow) return undefined
    const { honoured } = await upstream
      .listen({
        ...askerOf(this.call),
        filter,
        cancel: this.cancel,
        onNotification: (notification) => this.heard(notification, word),
        ...(this.ask && { onRequest: (question, signal) => this.asked(server, question, signal) }),
        onEnd: () => undefined,
      })
      .catch(() => ({ honoured: undefined }))
    return honoured
  }

  private heard(notification: Notification, word: (notification: Notification) => Notification): void {
    if (changes.some(({ method }) => method === notification.method) && this.call.endpoint.server === undefined) return this.look()
    void this.tell(word(notification))
  }

  /** On `/mcp` a question, and its answer, are said in the words of each side. */
  private async asked(server: string, question: ServerQuestion, signal: AbortSignal): Promise<ClientAnswer> {
    if (!this.ask) throw new Error('nobody can be asked')
    if (this.call.endpoint.server !== undefined) return this.ask(server, question, signal)
    const { inputRequests } = inboundResult(originOf(this.ports, this.call, server), question.method, {
      resultType: 'input_required',
      inputRequests: { question },
    })
    const said = isObject(inputRequests) ? inputRequests['question'] : undefined
    const answer = await this.ask(server, said as ServerQuestion, signal)
    if (answer.refusal) return answer
    const { inputResponses } = ownResponses(server, { inputResponses: { answer: answer.result } })
    return { result: isObject(inputResponses) ? inputResponses['answer'] : undefined }
  }

  private changed(): void {
    const { policy, person } = this.now()
    const gone = !person || person.disabled || stillGood(policy, this.call.token, this.call.endpoint, Date.now() / 1000) !== undefined
    if (!gone) return this.look()
    this.call.cancel.abort(new Error('the person may no longer listen'))
    this.stop()
  }

  /** Compares, a moment later, what this person sees with what they saw. */
  private look(): void {
    this.looking ??= setTimeout(() => {
      this.looking = undefined
      for (const { list, method } of changes) this.compare(list, method)
    }, gatherMs)
  }

  private compare(list: ListMethod, method: string): void {
    const before = this.views.get(list)
    const now = before === undefined ? undefined : this.view(list)
    if (now === undefined || now === before) return
    this.views.set(list, now)
    void this.tell({ method })
  }

  private now(): { policy: Policy; person: Person | undefined } {
    const policy = this.ports.policy.current()
    return { policy, person: personOf(policy, this.call.token.subject) }
  }

  private view(list: ListMethod): string {
    const { policy, person } = this.now()
    return person ? viewHash(visibleEntries(this.ports, list, { ...this.call, policy, person })) : ''
  }
}

/** The id of a task is the person's own, as it was given to them. */
function withSealedTask({ method, params }: Notification, sealTask: (taskId: string) => string): Notification {
  const taskId = params?.['taskId']
  return typeof taskId === 'string' && method === 'notifications/tasks'
    ? { method, params: { ...params, taskId: sealTask(taskId) } }
    : { method, ...(params && { params }) }
}

import { ToolError } from '@bir/sdk/contract/errors'
import type { MountedServer } from '../../server-kit/define.ts'
import { InputRequired } from '../../server-kit/input-required.ts'
import type { Round } from '../../server-kit/round.ts'
import type { DropReason } from '../dropped.ts'
import { clientRefused } from '../client-refusal.ts'
import { requireContext } from './mounted-request.ts'
import type { MountedRequest } from './mounted-request.ts'
import { completed } from './completion.ts'
import { honouredBy, wanted } from './listen-filter.ts'
import { stateOf, sealedAnswer } from './request-state.ts'
import type { StateSealer } from './request-state.ts'
import { plainHealth, UpstreamFault, UpstreamRpcError } from '../upstream.ts'
import type { Description, Listening, ListenRequest, Upstream, UpstreamHealth, UpstreamRequest, UpstreamResult } from '../upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Notification } from '../../protocol/notification.ts'

const invalidParams = -32602
const unknownMethod = -32601

/** Lists and contents differ by person, and may change at any time. */
const uncached = { ttlMs: 0, cacheScope: 'private' }

type Answer = Awaitable<object>

/** A server of our own, asked in process: no hop, nothing serialised. A tool's ToolError comes through as it was thrown. */
export class MountedUpstream implements Upstream {
  private readonly server: MountedServer
  private readonly sealer: StateSealer
  private readonly methods: Readonly<Record<string, (request: MountedRequest) => Answer>>

  constructor(server: MountedServer, sealer: StateSealer) {
    this.server = server
    this.sealer = sealer
    const lists = {
      tools: { tools: entries(server.tools), ...uncached },
      resources: { resources: entries(server.resources), ...uncached },
      templates: { resourceTemplates: entries(server.templates), ...uncached },
      prompts: { prompts: entries(server.prompts), ...uncached },
    }
    this.methods = {
      'tools/list': () => lists.tools,
      'tools/call': (request) => this.call(request),
      ...(offersResources(server) && {
        'resources/list': () => lists.resources,
        'resources/templates/list': () => lists.templates,
        'resources/read': (request) => this.read(request),
      }),
      ...(server.prompts.size > 0 && {
        'prompts/list': () => lists.prompts,
        'prompts/get': (request) => this.get(request),
      }),
      ...(completes(server) && { 'completion/complete': (request) => inWords(() => completed(server, request), undefined) }),
    }
  }

  request(request: UpstreamRequest): Awaitable<UpstreamResult> {
    requireContext(request)
    if (request.refusals) throw clientRefused(request.refusals)
    const { method } = request
    const handler = Object.hasOwn(this.methods, method) ? this.methods[method] : undefined
    if (!handler) throw new UpstreamRpcError(unknownMethod, 'Method not found')
    const answer = handler(request)
    return answer instanceof Promise ? answer.then((later) => this.finished(later, request)) : this.finished(answer, request)
  }

  async describe(): Promise<Description> {
    const { id, title, logs, emits } = this.server
    const changing = (list: 'tools' | 'prompts' | 'resources') => emits.includes(list) && { listChanged: true }
    return {
      era: 'mounted',
      version: '2026-07-28',
      capabilities: {
        tools: { ...changing('tools') },
        ...(offersResources(this.server) && {
          resources: { ...(emits.includes('updates') && { subscribe: true }), ...changing('resources') },
        }),
        ...(this.server.prompts.size > 0 && { prompts: { ...changing('prompts') } }),
        ...(completes(this.server) && { completions: {} }),
        ...(logs && { logging: {} }),
      },
      serverInfo: { name: id, title, version: '0.1.0' },
      instructions: undefined,
    }
  }

  async listen({ filter, onNotification, onEnd, cancel }: ListenRequest): Promise<Listening> {
    const honoured = honouredBy(this.server, filter)
    const deliver = async (notification: Notification) => onNotification(notification)
    const stop = this.server.changes.listen((notification) => {
      if (!wanted(honoured, notification)) return
      deliver(notification).catch((error: Error) => {
        stop()
        onEnd(error)
      })
    })
    cancel.subscribe(stop)
    return { honoured }
  }

  /** There is nothing a client could tell a server of ours. */
  async notify(): Promise<DropReason> {
    return 'era-has-none'
  }

  async endSession(): Promise<void> {}

  health(): UpstreamHealth {
    return plainHealth('up', 'mounted')
  }

  async close(): Promise<void> {}

  private call(request: MountedRequest): Answer {
    const { name, arguments: args } = request.params
    const tool = typeof name === 'string' ? this.server.tools.get(name) : undefined
    if (!tool) throw new UpstreamRpcError(invalidParams, `Unknown tool: ${String(name).slice(0, 200)}`)
    return tool.call(args, request.context, this.round(request))
  }

  private read(request: MountedRequest): Answer {
    const { uri } = request.params
    const found = typeof uri === 'string' ? this.reader(uri) : undefined
    if (!found) throw new UpstreamRpcError(invalidParams, 'Resource not found', typeof uri === 'string' ? { uri } : undefined)
    const answer = inWords(() => found(request), { uri })
    return answer instanceof Promise ? answer.then(withCache) : withCache(answer)
  }

  private reader(uri: string): ((request: MountedRequest) => Answer) | undefined {
    const resource = this.server.resources.get(uri)
    if (resource) return (request) => resource.read(request.context, this.round(request))
    const template = this.server.templates.values().find((each) => each.matches(uri))
    return template && ((request) => template.read(uri, request.context, this.round(request)))
  }

  private get(request: MountedRequest): Answer {
    const { name, arguments: args } = request.params
    const prompt = typeof name === 'string' ? this.server.prompts.get(name) : undefined
    if (!prompt) throw new UpstreamRpcError(invalidParams, `Unknown prompt: ${String(name).slice(0, 200)}`)
    return inWords(() => prompt.render(args, request.context, this.round(request)), undefined)
  }

  private round(request: MountedRequest): Round {
    return stateOf(this.sealer, this.server.id, request)
  }

  private finished(answer: object, request: MountedRequest): UpstreamResult {
    if (answer instanceof InputRequired) return { value: sealedAnswer(this.sealer, this.server.id, request, answer) }
    return { value: { resultType: 'complete', ...answer } }
  }
}

const entries = (offers: ReadonlyMap<string, { entry: object }>) => [...offers.values()].map(({ entry }) => entry)

const offersResources = ({ resources, templates }: MountedServer) => resources.size + templates.size > 0

const completes = ({ templates, prompts }: MountedServer) => templates.size + prompts.size > 0

const withCache = (answer: object): object => (answer instanceof InputRequired ? answer : { ...answer, ...uncached })

/** Only a tool's answer can hold an error for the model: elsewhere a ToolError becomes an error of the protocol, or a fault of the server's. */
function inWords(work: () => Answer, data: unknown): Answer {
  try {
    const answer = work()
    return answer instanceof Promise ? answer.catch((error: unknown) => Promise.reject(said(error, data))) : answer
  } catch (error) {
    throw said(error, data)
  }
}

function said(error: unknown, data: unknown): unknown {
  if (!(error instanceof ToolError)) return error
  const { code, message, hint, retryable } = error
  if (code === 'not_found' || code === 'invalid_input') return new UpstreamRpcError(invalidParams, message, data)
  return new UpstreamFault(code, message, { ...(hint !== undefined && { hint }), retryable, cause: error })
}

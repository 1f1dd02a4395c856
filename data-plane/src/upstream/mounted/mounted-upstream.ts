import { ToolError } from '@bir/sdk/contract/errors'
import type { MountedServer } from '../../server-kit/define.ts'
import { InputRequired } from '../../server-kit/input-required.ts'
import type { Round } from '../../server-kit/round.ts'
import type { DropReason } from '../dropped.ts'
import { refusalError } from '../client-refusal.ts'
import { complete } from './completion.ts'
import { honouredBy, passes } from './listen-filter.ts'
import { requireContext } from './mounted-request.ts'
import type { MountedRequest } from './mounted-request.ts'
import { stateOf, sealedAnswer } from './request-state.ts'
import type { StateSealer } from './request-state.ts'
import { plainHealth, UpstreamFault, UpstreamRpcError } from '../upstream.ts'
import type { Description, Listening, ListenRequest, Upstream, UpstreamHealth, UpstreamRequest, UpstreamResult } from '../upstream.ts'
import { NOT_CACHEABLE } from '../../protocol/facts/cache-hints.ts'
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../../protocol/facts/rpc-codes.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { Notification } from '../../protocol/notification.ts'
import { textOf } from '../../json/text-of.ts'
import { VerbatimJson } from '../../json/verbatim.ts'

type Answer = Awaitable<object>

/**
 * A server that runs inside the gateway. Requests reach it in this process: no network, nothing serialised. A
 * `ToolError` of a tool is passed on as the tool threw it.
 */
export class MountedUpstream implements Upstream {
  private readonly server: MountedServer
  private readonly sealer: StateSealer
  private readonly methods: Readonly<Record<string, (request: MountedRequest) => Answer>>

  constructor(server: MountedServer, sealer: StateSealer) {
    this.server = server
    this.sealer = sealer
    const lists = {
      tools: { tools: entries(server.tools), ...NOT_CACHEABLE },
      resources: { resources: entries(server.resources), ...NOT_CACHEABLE },
      templates: { resourceTemplates: entries(server.templates), ...NOT_CACHEABLE },
      prompts: { prompts: entries(server.prompts), ...NOT_CACHEABLE },
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
      ...(completes(server) && { 'completion/complete': (request) => withRpcErrors(() => complete(server, request), undefined) }),
    }
  }

  request(request: UpstreamRequest): Awaitable<UpstreamResult> {
    requireContext(request)
    if (request.refusals) throw refusalError(request.refusals)
    const { method } = request
    const handler = Object.hasOwn(this.methods, method) ? this.methods[method] : undefined
    if (!handler) throw new UpstreamRpcError(METHOD_NOT_FOUND, 'Method not found')
    const answer = handler(request)
    return answer instanceof Promise ? answer.then((settled) => this.resultOf(settled, request)) : this.resultOf(answer, request)
  }

  async describe(): Promise<Description> {
    const { id, title, logs, emits } = this.server
    const listChanged = (list: 'tools' | 'prompts' | 'resources') => emits.includes(list) && { listChanged: true }
    return {
      era: 'mounted',
      version: '2026-07-28',
      capabilities: {
        tools: { ...listChanged('tools') },
        ...(offersResources(this.server) && {
          resources: { ...(emits.includes('updates') && { subscribe: true }), ...listChanged('resources') },
        }),
        ...(this.server.prompts.size > 0 && { prompts: { ...listChanged('prompts') } }),
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
      if (!passes(honoured, notification)) return
      deliver(notification).catch((error: Error) => {
        stop()
        onEnd(error)
      })
    })
    cancel.subscribe(stop)
    return { honoured }
  }

  /** Mounted servers handle no notifications of clients. */
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
    if (!tool) throw new UpstreamRpcError(INVALID_PARAMS, `Unknown tool: ${textOf(name).slice(0, 200)}`)
    return tool.call(args, request.context, this.round(request))
  }

  private read(request: MountedRequest): Answer {
    const { uri } = request.params
    const read = typeof uri === 'string' ? this.reader(uri) : undefined
    if (!read) throw new UpstreamRpcError(INVALID_PARAMS, 'Resource not found', typeof uri === 'string' ? { uri } : undefined)
    const answer = withRpcErrors(() => read(request), { uri })
    return answer instanceof Promise ? answer.then(withCacheHints) : withCacheHints(answer)
  }

  private reader(uri: string): ((request: MountedRequest) => Answer) | undefined {
    const resource = this.server.resources.get(uri)
    if (resource) return (request) => resource.read(request.context, this.round(request))
    const template = this.server.templates.values().find((candidate) => candidate.matches(uri))
    return template && ((request) => template.read(uri, request.context, this.round(request)))
  }

  private get(request: MountedRequest): Answer {
    const { name, arguments: args } = request.params
    const prompt = typeof name === 'string' ? this.server.prompts.get(name) : undefined
    if (!prompt) throw new UpstreamRpcError(INVALID_PARAMS, `Unknown prompt: ${textOf(name).slice(0, 200)}`)
    return withRpcErrors(() => prompt.render(args, request.context, this.round(request)), undefined)
  }

  private round(request: MountedRequest): Round {
    return stateOf(this.sealer, this.server.id, request)
  }

  private resultOf(answer: object, request: MountedRequest): UpstreamResult {
    if (answer instanceof InputRequired) return { value: sealedAnswer(this.sealer, this.server.id, request, answer) }
    const value = { resultType: 'complete', ...answer }
    // Filters ask how long it is and search it, and it is sent: all of them take the JSON that is written here.
    return { value, source: VerbatimJson.ours(value) }
  }
}

const entries = (offers: ReadonlyMap<string, { entry: object }>) => [...offers.values()].map(({ entry }) => entry)

const offersResources = ({ resources, templates }: MountedServer) => resources.size + templates.size > 0

const completes = ({ templates, prompts }: MountedServer) => templates.size + prompts.size > 0

const withCacheHints = (answer: object): object => (answer instanceof InputRequired ? answer : { ...answer, ...NOT_CACHEABLE })

/**
 * Runs a handler that is no tool. Only the result of a tool can hold an error for the model, so here a `ToolError`
 * becomes a JSON-RPC error or a fault of the server.
 */
function withRpcErrors(work: () => Answer, data: unknown): Answer {
  try {
    const answer = work()
    return answer instanceof Promise ? answer.catch((error: unknown) => Promise.reject(rpcErrorOf(error, data))) : answer
  } catch (error) {
    throw rpcErrorOf(error, data)
  }
}

function rpcErrorOf(error: unknown, data: unknown): unknown {
  // A refusal with a time to come back reaches the client as such.
  if (!(error instanceof ToolError) || error.retryAfterS !== undefined) return error
  const { code, message, hint, retryable } = error
  if (code === 'not_found' || code === 'invalid_input') return new UpstreamRpcError(INVALID_PARAMS, message, data)
  return new UpstreamFault(code, message, { ...(hint !== undefined && { hint }), retryable, cause: error })
}

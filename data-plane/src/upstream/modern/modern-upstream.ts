import { redact } from '../../secrets/redact.ts'
import type { DropReason } from '../dropped.ts'
import { isObject } from '../../json/is-object.ts'
import type { Cancel } from '../../runtime/cancellation.ts'
import { refusalError } from '../client-refusal.ts'
import { callModern } from './call.ts'
import type { Answer } from './call.ts'
import { DescriptionCache } from './description-cache.ts'
import { protocolFault, eraFault } from '../faults.ts'
import { SubscriptionHub } from './subscription-hub.ts'
import { keysOf } from '../../protocol/subscription-keys.ts'
import { clientErrorOf } from './error.ts'
import { HEADER_MISMATCH } from '../../protocol/facts/rpc-codes.ts'
import { ENVELOPE_KEYS } from '../../protocol/facts/envelope-keys.ts'
import { notifyModern } from './notify.ts'
import { MODERN, GATEWAY_CLIENT } from './request.ts'
import { passedParams } from '../../protocol/headers/forwarded-params.ts'
import type { RemoteConnection } from '../http/connection.ts'
import { ToolHeaders } from './tool-headers.ts'
import { declaresTasks, TASKS_EXTENSION } from '../../protocol/extensions/tasks.ts'
import type {
  Asker,
  Description,
  Listening,
  ListenRequest,
  Upstream,
  UpstreamHealth,
  UpstreamRequest,
  UpstreamResult,
} from '../upstream.ts'
import { plainHealth } from '../upstream.ts'
import type { Notification } from '../../protocol/notification.ts'

const unknownHealth = plainHealth('unknown', 'modern')
const maxPages = 100

/** A remote server of the modern era. Every request is one HTTP exchange, independent of the filterWithoutTasks. */
export class ModernUpstream implements Upstream {
  private readonly options: RemoteConnection
  private readonly toolHeaders: ToolHeaders
  private readonly descriptions = new DescriptionCache(() => this.discover())
  private readonly listeners: SubscriptionHub
  private readonly taskListeners: SubscriptionHub
  /** The reading of `tools/list` that is under way. */
  private toolsReading: Promise<void> | undefined

  constructor(options: RemoteConnection) {
    this.options = options
    this.toolHeaders = new ToolHeaders(options.id, options.log)
    this.listeners = new SubscriptionHub(options, GATEWAY_CLIENT)
    this.taskListeners = new SubscriptionHub(options, { ...GATEWAY_CLIENT, capabilities: { extensions: { [TASKS_EXTENSION]: {} } } })
  }

  async request(request: UpstreamRequest): Promise<UpstreamResult> {
    if (request.refusals) throw refusalError(request.refusals)
    const isCall = request.method === 'tools/call'
    // So that the first call already has the headers its tool wants. The call itself meets any error of the server.
    if (isCall && !this.toolHeaders.hasList) await unlessCancelled(request.cancel, this.learnToolHeaders())
    const answer = await this.ask(request)
    if (answer.kind === 'result') return this.resultOf(request.method, answer)
    if (!isCall || answer.error.code !== HEADER_MISMATCH) throw clientErrorOf(answer)
    // The server refused the call before it ran the tool: the tool wants other headers than we know.
    await this.learnToolHeaders()
    const retryAnswer = await this.ask(request)
    if (retryAnswer.kind === 'error') throw clientErrorOf(retryAnswer)
    return this.resultOf(request.method, retryAnswer)
  }

  describe(): Promise<Description> {
    return this.descriptions.get()
  }

  listen(request: ListenRequest): Promise<Listening> {
    const { taskIds, ...filterWithoutTasks } = request.filter
    if (declaresTasks(request.client.capabilities) && taskIds !== undefined && taskIds.length > 0) return this.taskListeners.join(request)
    if (keysOf(filterWithoutTasks).length === 0) return Promise.resolve({ honoured: {} })
    return this.listeners.join({ ...request, filter: filterWithoutTasks })
  }

  notify({ client }: Asker, notification: Notification): Promise<DropReason | undefined> {
    return notifyModern(this.options, client, notification)
  }

  /** A modern server has no sessions. */
  async endSession(): Promise<void> {}

  health(): UpstreamHealth {
    return unknownHealth
  }

  async close(): Promise<void> {
    this.listeners.close()
    this.taskListeners.close()
  }

  private ask({ method, params, paramHeaders = {}, source, client, onNotification, cancel }: UpstreamRequest): Promise<Answer> {
    const extraHeaders = method === 'tools/call' ? this.toolHeaders.for(params, paramHeaders) : passedParams(paramHeaders, [])
    return callModern(this.options, { method, params, source, client, onNotification, cancel, extraHeaders })
  }

  /** The result as it came, but without tools that a client must not see, and always with a `resultType`. */
  private resultOf(method: string, { value, source }: Extract<Answer, { kind: 'result' }>): UpstreamResult {
    const { resultType } = value
    if (resultType !== undefined && typeof resultType !== 'string') throw protocolFault('a resultType that is no text')
    const tools = method === 'tools/list' ? this.toolHeaders.learn(value) : undefined
    if (tools === undefined && resultType !== undefined) return { value, source }
    return { value: { ...value, resultType: resultType ?? 'complete', ...(tools && { tools }) }, source }
  }

  private learnToolHeaders(): Promise<void> {
    this.toolsReading ??= this.readTools().finally(() => (this.toolsReading = undefined))
    return this.toolsReading
  }

  /** Reads all pages of `tools/list`, only for the header annotations of the tools. */
  private async readTools(): Promise<void> {
    let cursor: unknown
    for (let page = 0; page < maxPages; page++) {
      const answer = await this.askAsGateway('tools/list', cursor === undefined ? {} : { cursor })
      // A server that cannot list tools has no tools that want headers: that is remembered too.
      this.toolHeaders.learn(answer.kind === 'result' ? answer.value : {})
      if (answer.kind === 'error') return
      const { value } = answer
      cursor = value['nextCursor']
      if (typeof cursor !== 'string') return
    }
  }

  /** Without the secrets that the server was sent: the introduction is kept for longer than they are in use. */
  private async readIntroduction(): Promise<Readonly<Record<string, unknown>>> {
    const { sentSecrets } = this.options
    const release = sentSecrets.hold()
    try {
      const value = await this.readAsGateway('server/discover', {})
      return redact({ value }, sentSecrets.values).value
    } finally {
      release()
    }
  }

  private async discover(): Promise<{ description: Description; ttlMs: number }> {
    const { supportedVersions, capabilities, instructions, _meta, ttlMs } = await this.readIntroduction()
    if (!Array.isArray(supportedVersions) || !supportedVersions.includes(MODERN)) throw eraFault('it does not list the revision we speak')
    const serverInfo = isObject(_meta) ? _meta[ENVELOPE_KEYS.server] : undefined
    return {
      description: {
        era: 'modern',
        version: MODERN,
        capabilities: isObject(capabilities) ? capabilities : {},
        serverInfo: isObject(serverInfo) ? serverInfo : undefined,
        instructions: typeof instructions === 'string' ? instructions : undefined,
      },
      ttlMs: typeof ttlMs === 'number' ? ttlMs : 0,
    }
  }

  private async readAsGateway(method: string, params: Record<string, unknown>): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.askAsGateway(method, params)
    if (answer.kind === 'error') throw clientErrorOf(answer)
    return answer.value
  }

  private askAsGateway(method: string, params: Record<string, unknown>): Promise<Answer> {
    return callModern(this.options, { method, params, client: GATEWAY_CLIENT, onNotification: () => undefined })
  }
}

/**
 * Waits for work that several calls share, until the waiting call is cancelled. It ignores an error of the work,
 * because the call itself will meet the same error.
 */
function unlessCancelled(cancel: Cancel, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const unsubscribe = cancel.subscribe(reject)
    const goOn = () => {
      unsubscribe()
      resolve()
    }
    work.then(goOn, goOn)
  })
}

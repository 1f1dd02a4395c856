import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { ClientRefusal, Refusals } from '../upstream/client-refusal.ts'
import { tokenOf } from '../protocol/progress-token.ts'
import type { SourcedObject } from '../json/sourced-object.ts'
import { assembleObject } from '../json/verbatim.ts'
import { madeOf, ownWords } from '../protocol/channel/cleared.ts'
import type { Cleared } from '../protocol/channel/cleared.ts'
import type { Member, VerbatimJson } from '../json/verbatim.ts'
import type { ClientAnswer } from '../upstream/upstream.ts'
import type { Channel } from '../protocol/channel/channel.ts'
import { unawaited } from '../runtime/awaitable.ts'
import type { Timers } from '../runtime/timers.ts'
import { isObject } from '../json/is-object.ts'

/** Whose answers count, and who asks. */
interface Asking {
  readonly scope: string
  readonly server: string
}

interface Question {
  readonly request: unknown
  readonly source: VerbatimJson | undefined
  /** What the question is taken from. */
  readonly questions: Cleared<SourcedObject>
}

export interface ClientAnswers {
  /** Bare results, by key. */
  readonly answers: Readonly<Record<string, unknown>>
  /** As the client wrote them. */
  readonly source: VerbatimJson
  /** Undefined where nothing was answered with an error. */
  readonly refusals: Refusals | undefined
}

/** A person may have to read and think; after this the server learns that nobody answered. */
const defaultMaxWaitMs = 5 * 60_000

/** What a legacy client is asked while its call waits, and its answers, which come as messages of their own. */
export class ClientRequests {
  private readonly waiting = new Map<string, Waiting>()
  private readonly node: string
  private readonly timers: Timers
  private readonly maxWaitMs: number

  constructor(node: string, timers: Timers, maxWaitMs = defaultMaxWaitMs) {
    this.node = node
    this.timers = timers
    this.maxWaitMs = maxWaitMs
  }

  /**
   * Puts each question of an `input_required` result to the client, on the stream. Resolves with the client's answers,
   * by key. Rejects when the signal aborts, with its reason where that is an error for the caller, and when nobody
   * answers in time.
   */
  async ask(channel: Channel, asker: Asking, questions: Cleared<SourcedObject>, signal: AbortSignal): Promise<ClientAnswers> {
    const { inputRequests } = questions.value
    const requests = Object.entries(isObject(inputRequests) ? inputRequests : {})
    const answers = await Promise.all(
      requests.map(async ([key, request]) => {
        const source = questions.source?.at('inputRequests', key, 'params')
        return [key, await this.askOne(channel, asker, { request, source, questions }, signal)] as const
      }),
    )
    const refusals = answers.flatMap(([key, { refusal }]) => (refusal ? [[key, refusal] as const] : []))
    const results = answers.flatMap(([key, { result, source }]): Member[] => [
      [key, result, isObject(result) ? source?.toJson(result) : undefined],
    ])
    const { value, source } = assembleObject(results)
    return { answers: value, source, refusals: refusals.length === 0 ? undefined : new Map(refusals) }
  }

  /** A message with a result or an error and no method: false when nobody waits for it. */
  settle(
    scope: string,
    { id, result, error }: { id?: unknown; result?: unknown; error?: unknown },
    source: VerbatimJson | undefined,
  ): boolean {
    const waiting = typeof id === 'string' ? this.waiting.get(id) : undefined
    if (!waiting || waiting.scope !== scope) return false
    this.waiting.delete(String(id))
    const refused = error !== undefined
    waiting.resolve(refused ? { refusal: refusalOf(waiting.method, error, source?.at('error')) } : { result, source: source?.at('result') })
    return true
  }

  /** Which server gave the token that we gave the client as this one. */
  progressOf(scope: string, token: unknown): { server: string; token: string | number } | undefined {
    const waiting = typeof token === 'string' ? this.waiting.get(token) : undefined
    if (waiting?.scope !== scope || waiting.token === undefined) return undefined
    return { server: waiting.server, token: waiting.token }
  }

  private async askOne(
    channel: Channel,
    { scope, server }: Asking,
    { request, source, questions }: Question,
    signal: AbortSignal,
  ): Promise<ClientAnswer> {
    if (!isObject(request) || typeof request['method'] !== 'string')
      throw new GatewayError('unavailable', 'an input request without a method', { reason: 'upstream-protocol' })
    const { method, params } = request
    if (signal.aborted) throw whyGone(signal)
    const id = `${this.node}.${uuidv7()}`
    const { promise, resolve, reject } = Promise.withResolvers<ClientAnswer>()
    const gone = () => {
      reject(whyGone(signal))
      // Nobody waits for the answer any more: who shows the question to a person may take it away.
      unawaited(channel.notify(ownWords({ method: 'notifications/cancelled', params: { requestId: id } })))
    }
    signal.addEventListener('abort', gone, { once: true })
    const stopTimer = this.timers.after(this.maxWaitMs, () => reject(unanswered(this.maxWaitMs)))
    const token = isObject(params) ? tokenOf(params) : undefined
    this.waiting.set(id, { scope, server, method, token, resolve })
    try {
      // Beside the question's own parameters there are only a token and an id of the gateway's.
      const ownParams = withOurToken(legacyParams(method, params), token, id)
      const json = isObject(ownParams) && source ? source.toJson(ownParams) : JSON.stringify(ownParams)
      const sending = channel.request(id, method, json === undefined ? undefined : madeOf([questions], json))
      // Not awaited: a client that does not read may never take it, and the call may be given up meanwhile.
      if (sending instanceof Promise) sending.catch(reject)
      return await promise
    } finally {
      this.waiting.delete(id)
      stopTimer()
      signal.removeEventListener('abort', gone)
    }
  }
}

/** Why nobody waits for the answer any more: a refusal or a time-out as it is, and any other end of the call. */
const whyGone = ({ reason }: AbortSignal): Error =>
  reason instanceof GatewayError || reason instanceof ToolError
    ? reason
    : new GatewayError('unavailable', 'the client did not answer', { reason: 'cancelled' })

const unanswered = (waitMs: number) =>
  new ToolError('timed_out', `Nobody answered the question of the MCP server within ${waitMs / 1000} s.`, {
    hint: 'Call the tool again, and answer what it asks.',
    retryable: true,
  })

/** The plane that asked, by the id of its request; undefined for an id that is none of ours. */
export const askingPlane = (id: unknown): string | undefined =>
  typeof id === 'string' ? /^([0-9a-f-]{36})\.[0-9a-f-]{36}$/.exec(id)?.[1] : undefined

interface Waiting extends Asking {
  readonly method: string
  /** Under which the server wants to hear of progress. */
  readonly token: string | number | undefined
  resolve(answer: ClientAnswer): void
}

/**
 * Two servers may choose the same token, so towards the client it is the id of the request, which says where it was
 * asked too.
 */
const withOurToken = (params: unknown, token: unknown, progressToken: string): unknown =>
  token === undefined || !isObject(params) ? params : { ...params, _meta: { ...(params['_meta'] as object), progressToken } }

/** Up to 2025-11-25 a URL elicitation has an id of its own. */
function legacyParams(method: string, params: unknown): unknown {
  if (method !== 'elicitation/create' || !isObject(params) || params['mode'] !== 'url' || 'elicitationId' in params) return params
  return { ...params, elicitationId: uuidv7() }
}

const internalError = -32603

/** The client's error as it said it; what it left out is filled in. */
function refusalOf(method: string, error: unknown, source: VerbatimJson | undefined): ClientRefusal {
  const { code, message, data } = isObject(error) ? error : {}
  return {
    method,
    code: Number.isSafeInteger(code) ? Number(code) : internalError,
    message: typeof message === 'string' ? message : 'The client refused.',
    ...(data !== undefined && { data }),
    source,
  }
}

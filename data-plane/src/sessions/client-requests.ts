import { GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { ClientRefusal, Refusals } from '../upstream/client-refusal.ts'
import { tokenOf } from '../protocol/progress-token.ts'
import { assembleObject } from '../json/verbatim.ts'
import type { Member, VerbatimJson } from '../json/verbatim.ts'
import type { ClientAnswer } from '../upstream/upstream.ts'
import type { Channel } from '../protocol/channel.ts'
import { isObject } from '../json/is-object.ts'

/** Whose answers count, and who asks. */
interface Asking {
  readonly scope: string
  readonly server: string
}

/** What is asked, by key, and for each how its server wrote the parameters, where that is known. */
interface Questions {
  readonly asked: Readonly<Record<string, unknown>>
  source(key: string): VerbatimJson | undefined
}

interface Question {
  readonly request: unknown
  readonly source: VerbatimJson | undefined
}

export interface ClientAnswers {
  /** Bare results, by key. */
  readonly answers: Readonly<Record<string, unknown>>
  /** As the client wrote them. */
  readonly source: VerbatimJson
  /** Undefined where nothing was answered with an error. */
  readonly refusals: Refusals | undefined
}

/** What a legacy client is asked while its call waits, and its answers, which come as messages of their own. */
export class ClientRequests {
  private readonly waiting = new Map<string, Waiting>()
  private readonly node: string

  constructor(node: string) {
    this.node = node
  }

  /** Asks each request on the stream; resolves with what the client says to each, by key. */
  async ask(channel: Channel, asking: Asking, requests: Questions, signal: AbortSignal): Promise<ClientAnswers> {
    const said = await Promise.all(
      Object.entries(requests.asked).map(
        async ([key, request]) => [key, await this.one(channel, asking, { request, source: requests.source(key) }, signal)] as const,
      ),
    )
    const refusals = said.flatMap(([key, answer]) => (answer.refusal ? [[key, answer.refusal] as const] : []))
    const results = said.flatMap(([key, { result, source }]): Member[] => [
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

  private async one(
    channel: Channel,
    { scope, server }: Asking,
    { request, source }: Question,
    signal: AbortSignal,
  ): Promise<ClientAnswer> {
    if (!isObject(request) || typeof request['method'] !== 'string')
      throw new GatewayError('unavailable', 'an input request without a method', { reason: 'upstream-protocol' })
    const { method, params } = request
    const id = `${this.node}.${uuidv7()}`
    const { promise, resolve, reject } = Promise.withResolvers<ClientAnswer>()
    const gone = () => {
      // Nobody waits for the answer any more: who shows the question to a person may take it away.
      void channel.notify({ method: 'notifications/cancelled', params: { requestId: id } })
      reject(new GatewayError('unavailable', 'the client did not answer', { reason: 'cancelled' }))
    }
    signal.addEventListener('abort', gone, { once: true })
    const token = isObject(params) ? tokenOf(params) : undefined
    this.waiting.set(id, { scope, server, method, token, resolve })
    try {
      const said = withOurToken(legacyParams(method, params), token, id)
      await channel.request(id, method, isObject(said) && source ? source.toJson(said) : JSON.stringify(said))
      return await promise
    } finally {
      this.waiting.delete(id)
      signal.removeEventListener('abort', gone)
    }
  }
}

/** The plane that asked, by the id of its request; undefined for an id that is none of ours. */
export const askingPlane = (id: unknown): string | undefined =>
  typeof id === 'string' ? /^([0-9a-f-]{36})\.[0-9a-f-]{36}$/.exec(id)?.[1] : undefined

interface Waiting extends Asking {
  readonly method: string
  /** Under which the server wants to hear of progress. */
  readonly token: string | number | undefined
  resolve(answer: ClientAnswer): void
}

/** Two servers may choose the same token, so towards the client it is the id of the request, which says where it was asked too. */
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

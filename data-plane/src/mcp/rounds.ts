import { GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Channel } from './channel.ts'
import { isObject } from './json-rpc.ts'

/** What a legacy client is asked while its call waits, and its answers, which come as messages of their own. */
export class Rounds {
  private readonly waiting = new Map<string, Waiting>()
  private readonly node: string

  constructor(node: string) {
    this.node = node
  }

  /** Asks each request on the stream; resolves with the bare results by key. `scope` is whose answers count. */
  async ask(
    channel: Channel,
    scope: string,
    requests: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const answers = Object.entries(requests).map(async ([key, request]) => [key, await this.one(channel, scope, request, signal)] as const)
    return Object.fromEntries(await Promise.all(answers))
  }

  /** A message with a result or an error and no method: false when nobody waits for it. */
  answer(scope: string, { id, result, error }: { id?: unknown; result?: unknown; error?: unknown }): boolean {
    const waiting = typeof id === 'string' ? this.waiting.get(id) : undefined
    if (!waiting || waiting.scope !== scope) return false
    this.waiting.delete(String(id))
    if (error === undefined) waiting.resolve(result)
    else waiting.refuse(error)
    return true
  }

  private async one(channel: Channel, scope: string, request: unknown, signal: AbortSignal): Promise<unknown> {
    if (!isObject(request) || typeof request['method'] !== 'string')
      throw new GatewayError('unavailable', 'an input request without a method', { reason: 'upstream-protocol' })
    const { method, params } = request
    const id = `${this.node}.${uuidv7()}`
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const gone = () => reject(new GatewayError('unavailable', 'the client did not answer', { reason: 'cancelled' }))
    signal.addEventListener('abort', gone, { once: true })
    this.waiting.set(id, {
      scope,
      resolve,
      refuse: (error) => (method === 'elicitation/create' ? resolve({ action: 'cancel' }) : reject(declined(method, error))),
    })
    try {
      await channel.request(id, method, legacyParams(method, params))
      return await promise
    } finally {
      this.waiting.delete(id)
      signal.removeEventListener('abort', gone)
    }
  }
}

/** The plane that asked, by the id of its request; undefined for an id that is none of ours. */
export const askedBy = (id: unknown): string | undefined =>
  typeof id === 'string' ? /^([0-9a-f-]{36})\.[0-9a-f-]{36}$/.exec(id)?.[1] : undefined

interface Waiting {
  scope: string
  resolve(result: unknown): void
  refuse(error: unknown): void
}

/** Up to 2025-11-25 a URL elicitation has an id of its own. */
function legacyParams(method: string, params: unknown): unknown {
  if (method !== 'elicitation/create' || !isObject(params) || params['mode'] !== 'url' || 'elicitationId' in params) return params
  return { ...params, elicitationId: uuidv7() }
}

const declined = (method: string, error: unknown) =>
  new GatewayError('invalidParams', `the client refused ${method}: ${JSON.stringify(error).slice(0, 200)}`, {
    say: `The client refused ${method}.`,
    reason: 'client-refused',
  })

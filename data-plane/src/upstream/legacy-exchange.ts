import { isObject } from '../mcp/json-rpc.ts'
import { Cancel } from '../pipeline/cancel.ts'
import { broken } from './faults.ts'
import { inputRequests, mayAsk, refusalOf } from './legacy-ask.ts'
import type { Ask, Refusal } from './legacy-ask.ts'
import { loggable } from './legacy-log.ts'
import type { LegacyMessage } from './legacy-message.ts'
import type { LegacyReply } from './legacy-reply.ts'
import { completed, METHOD_NOT_FOUND, relayed } from './legacy-result.ts'
import { refusal } from './legacy-session.ts'
import type { LegacySession, Live } from './legacy-session.ts'
import type { UpstreamRequest, UpstreamResult } from './upstream.ts'

export type Outcome =
  | { readonly kind: 'result'; readonly result: UpstreamResult }
  | { readonly kind: 'asks'; readonly requests: Record<string, unknown> }

/** One request at a legacy server, from its POST to its result; in between the server may ask, and the exchange waits for the client's next round. */
export class LegacyExchange {
  readonly session: LegacySession
  readonly id: number
  private readonly method: string
  private asks = new Map<string, Ask>()
  private asked = 0
  /** Ends the stream, wherever it is. */
  private readonly cancel = new Cancel()
  private over = false
  private begun: { live: Live; reply: LegacyReply } | undefined

  constructor(session: LegacySession, method: string) {
    this.session = session
    this.id = session.nextId()
    this.method = method
    session.inUse++
  }

  /** Posts the request and reads up to its result, or to what the server asks. */
  run(request: UpstreamRequest): Promise<Outcome> {
    return this.during(request, async () => {
      const { logLevel } = request.client
      if (logLevel !== undefined) await this.session.wantLevel(logLevel)
      const params = withToken(request.params, this.id)
      this.begun = await this.session.post({ jsonrpc: '2.0', id: this.id, method: this.method, params }, this.cancel)
      return this.read(this.begun, request)
    })
  }

  /** Hands the server the answers it waits for; asks again for those that are missing. */
  resume(request: UpstreamRequest, answers: Readonly<Record<string, unknown>>): Promise<Outcome> {
    const { begun } = this
    if (!begun) throw new Error('an exchange that never began')
    return this.during(request, async () => {
      for (const [key, { id }] of this.asks) {
        const result = Object.hasOwn(answers, key) ? answers[key] : undefined
        if (!isObject(result)) continue
        this.asks.delete(key)
        await this.session.tell(begun.live, { id, result })
      }
      return this.asks.size > 0 ? this.asking() : this.read(begun, request)
    })
  }

  /** Nobody will answer: the server is told, and that its work is not wanted any more. */
  async abandon(reason: string): Promise<void> {
    if (this.over) return
    this.finish()
    // Told even while the POST is unanswered: the server may be at work.
    const live = this.begun?.live ?? (await this.session.opened()?.catch(() => undefined))
    if (!live) return
    try {
      for (const { id } of this.asks.values()) await this.session.tell(live, { id, error: { code: -32000, message: reason } })
      await this.session.tell(live, { method: 'notifications/cancelled', params: { requestId: this.id, reason } })
    } catch {
      // The server is gone, and the request with it.
    }
  }

  private async during(request: UpstreamRequest, work: () => Promise<Outcome>): Promise<Outcome> {
    const cancelled = Promise.withResolvers<never>()
    const forget = request.cancel.subscribe((cause) => cancelled.reject(cause))
    try {
      const outcome = await Promise.race([cancelled.promise, work()])
      if (outcome.kind === 'result') this.finish()
      return outcome
    } catch (error) {
      if (request.cancel.cancelled) void this.abandon('The client cancelled the request.')
      this.finish()
      throw error
    } finally {
      forget()
    }
  }

  private finish(): void {
    if (this.over) return
    this.over = true
    this.session.inUse--
    this.session.usedAtMs = Date.now()
    this.begun?.reply.stop()
    this.cancel.abort(new Error('no longer wanted'))
  }

  private asking(): Outcome {
    return { kind: 'asks', requests: inputRequests(this.asks) }
  }

  private async read({ live, reply }: { live: Live; reply: LegacyReply }, request: UpstreamRequest): Promise<Outcome> {
    for (;;) {
      const batch = await reply.next()
      if (!batch || this.over) throw broken('the stream ended without a result')
      for (const message of batch) {
        const result = await this.take(message, live, request)
        if (result) return { kind: 'result', result }
      }
      if (this.asks.size > 0) return this.asking()
    }
  }

  private async take(message: LegacyMessage, live: Live, request: UpstreamRequest): Promise<UpstreamResult | undefined> {
    switch (message.kind) {
      case 'request':
        await this.takeAsk(message, live, request)
        return undefined
      case 'notification':
        await this.pass(message.method, message.params, request)
        return undefined
      case 'result':
        if (message.id !== this.id) throw broken('an answer to a request that was not asked here')
        return completed(message.value, message.raw)
      case 'error':
        // Who could not read a request cannot know its id (JSON-RPC 2.0, section 5).
        if (message.id !== this.id && message.id !== null) throw broken('an answer to a request that was not asked here')
        throw relayed(message.code, message.message, message.data)
    }
  }

  private async takeAsk({ id, method, params }: Ask, live: Live, request: UpstreamRequest): Promise<void> {
    if (method === 'ping') return this.session.tell(live, refusal(id, method)).catch(() => undefined)
    const refused = this.refused({ id, method, params }, request)
    if (!refused) return void this.asks.set(`${method.split('/', 1)[0]}-${++this.asked}`, { id, method, params })
    await this.session.tell(live, { id, error: refused }).catch(() => undefined)
  }

  private refused(ask: Ask, request: UpstreamRequest): Refusal | undefined {
    if (!mayAsk(this.method)) return { code: METHOD_NOT_FOUND, message: 'Method not found' }
    if (this.asks.size >= mostAsks) return { code: -32000, message: 'Too many requests at once' }
    return refusalOf(request.client.capabilities, ask)
  }

  private async pass(method: string, params: Record<string, unknown> | undefined, request: UpstreamRequest): Promise<void> {
    if (method === 'notifications/message' && !loggable(params, request.client.logLevel)) return
    if (method === 'notifications/cancelled') return this.withdraw(params?.['requestId'])
    if (method !== 'notifications/progress') return request.onNotification(params ? { method, params } : { method })
    const progressToken = tokenOf(request.params)
    if (progressToken === undefined || params?.['progressToken'] !== this.id) return
    await request.onNotification({ method, params: { ...params, progressToken } })
  }

  /** The server no longer wants to know. */
  private withdraw(id: unknown): void {
    for (const [key, ask] of this.asks) if (ask.id === id) this.asks.delete(key)
  }
}

/** In one round. */
const mostAsks = 16

function tokenOf(params: Readonly<Record<string, unknown>>): string | number | undefined {
  const token = isObject(params['_meta']) ? params['_meta']['progressToken'] : undefined
  return typeof token === 'string' || typeof token === 'number' ? token : undefined
}

const withToken = (params: Readonly<Record<string, unknown>>, progressToken: number): Readonly<Record<string, unknown>> =>
  tokenOf(params) === undefined ? params : { ...params, _meta: { ...(params['_meta'] as object), progressToken } }

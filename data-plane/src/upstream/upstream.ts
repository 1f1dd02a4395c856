import type { ToolErrorCode } from '@bir/sdk/contract/errors'
import type { Cancel } from '../runtime/cancellation.ts'
import type { CallContext } from '../server-kit/context.ts'
import type { SourcedObject } from '../json/sourced-object.ts'
import type { VerbatimJson } from '../json/verbatim.ts'
import type { DropReason } from './dropped.ts'
import type { ClientRefusal, Refusals } from './client-refusal.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import type { ClientFacts, Notification, ListenFilter } from '../protocol/notification.ts'

/**
 * A server behind the gateway, whatever era it speaks and wherever it runs, in the terms of the modern era (MCP
 * 2026-07-28): a request, notifications along the way, one result. The translation between eras is inside: the
 * client's side and the server's side each know one era at a time, and never each other's.
 */
export interface Upstream {
  /**
   * Rejects or throws `UpstreamRpcError` for the server's own JSON-RPC error, `UpstreamFault` when the server could
   * not be asked.
   */
  request(request: UpstreamRequest): Awaitable<UpstreamResult>
  /**
   * What the server says of itself. Capabilities are as it declares them, in the modern form, without the tasks of
   * 2025-11-25. Cached.
   */
  describe(asker: Asker): Promise<Description>
  /**
   * Streams what changes at the server, until `cancel`. Resolves with what the server honours, once it has
   * acknowledged.
   */
  listen(request: ListenRequest): Promise<Listening>
  /**
   * Relays a client's notification, of any kind but those of the connection. Gives the reason when the server was not
   * told.
   */
  notify(asker: Asker, notification: Notification): Promise<DropReason | undefined>
  /** The client's session is over: releases what was held for it alone. Never rejects, and takes a bounded time. */
  endSession(asker: Asker): Promise<void>
  health(): UpstreamHealth
  close(): Promise<void>
}

/** On whose behalf a server is asked. Nothing that belongs to one asker is used for another. */
export interface Asker {
  /** The person's id. */
  readonly person: string
  /** The legacy client session of the request, if there is one. Such a client has an upstream session of its own. */
  readonly session: string | undefined
  readonly client: ClientFacts
}

export interface UpstreamRequest extends Asker {
  readonly method: string
  /**
   * Names and URIs as the server knows them. `_meta` holds what the client sent, without the keys of the modern
   * envelope. A progress token is as the client chose it.
   */
  readonly params: Readonly<Record<string, unknown>>
  /** Receives the notifications of the request in order. A returned promise holds the stream back. */
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** The parameters as the client wrote them. Some may have changed since. */
  readonly source?: VerbatimJson | undefined
  /** `Mcp-Param-*` of a modern client, by their lower-case names. */
  readonly paramHeaders?: Readonly<Record<string, string>> | undefined
  readonly cancel: Cancel
  /**
   * By key, the errors with which a legacy client answered questions. A legacy server is told; for any other server
   * the request fails.
   */
  readonly refusals?: Refusals
  /** What a mounted server may ask of the gateway. Remote servers have none. */
  readonly context?: CallContext | undefined
}

/** A JSON-RPC result, with `resultType` (`complete` where a legacy server said nothing). */
export interface UpstreamResult extends SourcedObject {
  /**
   * `requestState` is the gateway's own and not sealed yet (a parked stream, a mounted server's): the relay seals it.
   */
  readonly ownState?: true
}

export { jsonOf } from '../json/sourced-object.ts'

export interface ListenRequest extends Asker {
  readonly filter: ListenFilter
  /** Receives list_changed, resources/updated and tasks, without the server's own subscription id. */
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /**
   * For the stream of a legacy client: puts a question that its server asks outside any request. Absent where nobody
   * can be asked; rejects when nobody answers.
   */
  readonly onRequest?: (request: ServerQuestion, signal: AbortSignal) => Promise<ClientAnswer>
  /** Called when the server ended the stream, or it broke; not called after `cancel`. */
  readonly onEnd: (error?: Error) => void
  readonly cancel: Cancel
}

export interface ServerQuestion {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** The parameters as the server wrote them. Some may have changed since. */
  readonly source?: VerbatimJson | undefined
}

export type ClientAnswer =
  /** `source`: the result as the client wrote it. */
  | { readonly result: unknown; readonly source?: VerbatimJson | undefined; readonly refusal?: undefined }
  | { readonly result?: undefined; readonly source?: undefined; readonly refusal: ClientRefusal }

export interface Listening {
  readonly honoured: ListenFilter
}

export interface Description {
  /** `sse`: a legacy revision over the HTTP+SSE transport of 2024-11-05. */
  readonly era: 'modern' | 'legacy' | 'sse' | 'mounted'
  readonly version: string
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>> | undefined
  readonly instructions: string | undefined
}

/** The state of a server as this plane last saw it, by calls and by the list that is read every minute. */
export interface UpstreamHealth {
  readonly state: 'unknown' | 'up' | 'down'
  readonly era: Description['era'] | undefined
  /** `open`: it failed so often that it is not asked for a while. */
  readonly breaker: 'closed' | 'open'
  readonly lastSuccessAtMs: number | undefined
  readonly lastErrorAtMs: number | undefined
  /** For administrators. */
  readonly lastError: string | undefined
  /** The same in words that anybody may read. */
  readonly lastErrorSays: string | undefined
  /** How long the last answer took. */
  readonly latencyMs: number | undefined
}

/** For an upstream that is always well, or whose health is kept elsewhere. */
export const plainHealth = (state: UpstreamHealth['state'], era: UpstreamHealth['era']): UpstreamHealth => ({
  state,
  era,
  breaker: 'closed',
  lastSuccessAtMs: undefined,
  lastErrorAtMs: undefined,
  lastError: undefined,
  lastErrorSays: undefined,
  latencyMs: undefined,
})

/** The server's own JSON-RPC error. It is relayed to the client, in the codes of the client's era. */
export class UpstreamRpcError extends Error {
  override readonly name = 'UpstreamRpcError'
  readonly code: number
  readonly data: unknown
  /** The error as the server wrote it. Parts of it may have changed since. */
  readonly source: VerbatimJson | undefined

  constructor(code: number, message: string, data?: unknown, source?: VerbatimJson) {
    super(message)
    this.code = code
    this.data = data
    this.source = source
  }
}

/**
 * Why a server could not be asked, and whose fault that is. `message` is for the record; `publicMessage` and `hint`
 * may reach the model.
 */
export class UpstreamFault extends Error {
  override readonly name = 'UpstreamFault'
  /** upstream_down, timed_out, too_large, secret_invalid, secret_missing, rate_limited … */
  readonly code: ToolErrorCode
  readonly publicMessage: string
  readonly hint: string | undefined
  readonly retryable: boolean

  constructor(
    code: ToolErrorCode,
    publicMessage: string,
    more: { detail?: string; hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(more.detail ?? publicMessage, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.publicMessage = publicMessage
    this.hint = more.hint
    this.retryable = more.retryable ?? false
  }
}

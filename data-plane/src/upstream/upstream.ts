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
 * A server behind the gateway, whatever era it speaks and wherever it runs, in the words of the modern era (MCP 2026-07-28):
 * a request, notifications along the way, one result. What differs is translated inside: the way in and the way out each
 * know one era at a time, and never each other.
 */
export interface Upstream {
  /** Rejects or throws `UpstreamRpcError` for the server's own JSON-RPC error, `UpstreamFault` when it could not be asked. */
  request(request: UpstreamRequest): Awaitable<UpstreamResult>
  /** What the server says of itself: capabilities as it declares them, in the modern form (no tasks of 2025-11-25). Cached. */
  describe(asker: Asker): Promise<Description>
  /** Streams what changes at the server until `cancel`; resolves once the server has acknowledged, with what it honours. */
  listen(request: ListenRequest): Promise<Listening>
  /** A notification of the client's, any but those of the connection. Says why, where the server was not told. */
  notify(asker: Asker, notification: Notification): Promise<DropReason | undefined>
  /** The client's session is over: what was held for it alone is let go. Never rejects, and takes a bounded time. */
  endSession(asker: Asker): Promise<void>
  health(): UpstreamHealth
  close(): Promise<void>
}

/** On whose behalf a server is asked: what is shared between requests is never shared between two of these. */
export interface Asker {
  /** The person's id. */
  readonly person: string
  /** The legacy client session the request came in, where there is one: such a client has an upstream session of its own. */
  readonly session: string | undefined
  readonly client: ClientFacts
}

export interface UpstreamRequest extends Asker {
  readonly method: string
  /** Names and URIs as the server knows them. `_meta` holds what the client sent but for the modern envelope's own keys; a progress token is as the client chose it. */
  readonly params: Readonly<Record<string, unknown>>
  /** Receives the request's notifications in order; a returned promise holds the stream back. */
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** The client's own writing of the parameters, some of which may have changed since. */
  readonly source?: VerbatimJson | undefined
  /** `Mcp-Param-*` of a modern client, by their lower-case names. */
  readonly paramHeaders?: Readonly<Record<string, string>> | undefined
  readonly cancel: Cancel
  /** By key, what a legacy client answered with an error: a legacy server is told so, for any other the request ends. */
  readonly refusals?: Refusals
  /** What a mounted server may ask of the gateway. Remote servers have none. */
  readonly context?: CallContext | undefined
}

/** A JSON-RPC result, with `resultType` (`complete` where a legacy server said nothing). */
export interface UpstreamResult extends SourcedObject {
  /** `requestState` is the gateway's own and not sealed yet (a parked stream, a mounted server's): the relay seals it. */
  readonly ownState?: true
}

export { jsonOf } from '../json/sourced-object.ts'

export interface ListenRequest extends Asker {
  readonly filter: ListenFilter
  /** list_changed, resources/updated, tasks: without the server's own subscription id. */
  readonly onNotification: (notification: Notification) => Awaitable<void>
  /** A legacy client's own stream: what its server asks outside any request. Absent where nobody can be asked; rejects when nobody answers. */
  readonly onRequest?: (request: ServerQuestion, signal: AbortSignal) => Promise<ClientAnswer>
  /** The server ended it, or it broke; not called after `cancel`. */
  readonly onEnd: (error?: Error) => void
  readonly cancel: Cancel
}

export interface ServerQuestion {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  /** As the server wrote the parameters, some of which may have changed since. */
  readonly source?: VerbatimJson | undefined
}

export type ClientAnswer =
  /** `written`: as the client wrote the result. */
  | { readonly result: unknown; readonly source?: VerbatimJson | undefined; readonly refusal?: undefined }
  | { readonly result?: undefined; readonly source?: undefined; readonly refusal: ClientRefusal }

export interface Listening {
  readonly honoured: ListenFilter
}

export interface Description {
  readonly era: 'modern' | 'legacy' | 'mounted'
  readonly version: string
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly serverInfo: Readonly<Record<string, unknown>> | undefined
  readonly instructions: string | undefined
}

/** As this plane last found it. Calls tell, and the list that is read every minute. */
export interface UpstreamHealth {
  readonly state: 'unknown' | 'up' | 'down'
  readonly era: Description['era'] | undefined
  /** `open`: it failed so often that it is spared for a while. */
  readonly breaker: 'closed' | 'open'
  readonly lastSuccessAtMs: number | undefined
  readonly lastErrorAtMs: number | undefined
  /** For administrators. */
  readonly lastError: string | undefined
  /** The same in words that anybody may read. */
  readonly lastErrorSays: string | undefined
  /** How long its last answer took. */
  readonly latencyMs: number | undefined
}

/** Of an upstream whose health somebody else keeps, or that cannot be unwell. */
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

/** The server's own JSON-RPC error: relayed to the client, in its era's codes. */
export class UpstreamRpcError extends Error {
  override readonly name = 'UpstreamRpcError'
  readonly code: number
  readonly data: unknown
  /** The error as the server wrote it, some of which may have changed since. */
  readonly source: VerbatimJson | undefined

  constructor(code: number, message: string, data?: unknown, source?: VerbatimJson) {
    super(message)
    this.code = code
    this.data = data
    this.source = source
  }
}

/** Why a server could not be asked, and whose fault that is. `message` is for the record; `say` and `hint` may reach the model. */
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

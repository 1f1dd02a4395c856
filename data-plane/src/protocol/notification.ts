import type { VerbatimJson } from '../json/verbatim.ts'

/** What the client declared: a modern one on this request, a legacy one when it initialized. Passed on unchanged. */
export interface ClientFacts {
  readonly capabilities: Readonly<Record<string, unknown>>
  /** `clientInfo` as the client sent it. */
  readonly info: Readonly<Record<string, unknown>> | undefined
  readonly logLevel: string | undefined
}

export interface Notification {
  readonly method: string
  readonly params?: Readonly<Record<string, unknown>>
  /** The parameters as the sender wrote them. Some may have been changed since, in `params`. */
  readonly source?: VerbatimJson | undefined
}

/** The JSON-RPC message of a notification. */
export function messageOf({ method, params, source }: Notification): string {
  const head = `{"jsonrpc":"2.0","method":${JSON.stringify(method)}`
  return params === undefined ? `${head}}` : `${head},"params":${source?.toJson(params) ?? JSON.stringify(params)}}`
}

/** `notifications` of `subscriptions/listen` (MCP 2026-07-28). */
export interface ListenFilter {
  readonly toolsListChanged?: boolean
  readonly promptsListChanged?: boolean
  readonly resourcesListChanged?: boolean
  readonly resourceSubscriptions?: readonly string[]
  readonly taskIds?: readonly string[]
}

import type { Level } from '@bir/sdk/contract/level'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { GatewayView } from './gateway-view.ts'
import type { SentRequest } from './http/service.ts'

/** The person on whose behalf a call is made. */
export interface Caller {
  readonly id: string
  readonly handle: string
  readonly groups: readonly string[]
}

/** What every tool may rely on while it runs. */
export interface CallContext {
  readonly caller: Caller
  /** The caller's effective level on this server. A tool that does more at a higher level asks here. */
  readonly level: Level
  /** The administrator's settings of this server, as the policy carries them. */
  readonly settings: object
  /** The secret with which the call is made, by field; undefined where the server needs none. Never for an answer. */
  readonly secret: SecretFields | undefined
  /** Aborted when the call times out and when the client disconnects. */
  readonly signal: AbortSignal
  /** The tables that the caller may read over an SQL connection. Undefined: none. */
  tables(connection: string): TableRules | undefined
  /** Resolves a reference that stands in the settings. The value stays in memory and must never enter an answer. */
  readSecret(ref: SecretRef): Promise<string>
  /** Told of each request that the call sends to a service, for the caller's own list of calls. */
  sent?(request: SentRequest): void
  /** The gateway as the caller may see it. The servers meta and debug show it. */
  readonly gateway: GatewayView
}

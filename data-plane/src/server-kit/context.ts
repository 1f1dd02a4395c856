import type { Level } from '@bir/sdk/contract/level'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import type { GatewayView } from './gateway-view.ts'

/** The person a call is made as. */
export interface Caller {
  readonly id: string
  readonly handle: string
  readonly groups: readonly string[]
}

/** What every tool may rely on while it runs. */
export interface CallContext {
  readonly caller: Caller
  /** The caller's effective level on this server: a tool that can do more at a higher level asks here. */
  readonly level: Level
  /** The administrator's settings of this server, as the policy carries them. */
  readonly settings: object
  /** The person's own secret for this server; undefined where the server needs none. */
  readonly secret: unknown
  /** Aborted on time-out and when the client goes away. */
  readonly signal: AbortSignal
  /** What the caller may read over an SQL connection; undefined = nothing. */
  tables(connection: string): TableRules | undefined
  /** Resolves a reference found in settings. The value stays in memory and never enters an answer. */
  readSecret(ref: SecretRef): Promise<string>
  /** The gateway seen by the caller: what meta and debug show. */
  readonly gateway: GatewayView
}

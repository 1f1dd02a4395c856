import type { Client } from '../../client.ts'
import type { Operator } from '../../operator.ts'

/** The gateway that a command talks to. */
export interface Gateway {
  client: Client
  /** The address of its control plane. */
  url: string
  /** With what a command acts there. */
  actsBy: ActsBy
  /**
   * The address for MCP clients, ending in `/mcp`. Undefined
   * for a gateway on another machine unless BIR_MCP_URL is set.
   */
  mcpUrl: string | undefined
  /** Set when the gateway is the embedded one, whose operator key this user can read. */
  embedded: { operator: Operator; issuer: string } | undefined
}

/** token: BIR_TOKEN. service-account: BIR_CLIENT_ID. sign-in: of `bir login`. operator: the operator key. */
export type ActsBy = 'token' | 'service-account' | 'sign-in' | 'operator'

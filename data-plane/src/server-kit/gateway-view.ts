import type { Reason } from '@bir/sdk/contract/decide'
import type { Level } from '@bir/sdk/contract/level'
import type { SentRequest } from './http/service.ts'

/** The gateway as one caller may see it. It shows nothing of a server on which the caller holds no grant. */
export interface GatewayView {
  readonly authentication: {
    client: string
    actor: string | undefined
    tokenId: string
    expiresAtMs: number
    sessionId: string | undefined
  }
  readonly revision: number
  readonly limits: {
    ratePerSecond: number
    rateBurst: number
    callsAtOnce: number
    streamsAtOnce: number
    truncateChars: number
    callTimeoutMs: number
  }
  servers(): ServerView[]
  /** The caller's latest calls on this plane, newest first. */
  calls(max: number): CallView[]
  /** Tries a server's settings against the real service, step by step. */
  check(server: string, signal: AbortSignal): Promise<CheckStep[]>
}

export interface ServerView {
  id: string
  title: string
  tools: ToolView[]
  health: HealthView
  /** Absent where the server needs no secret of people. */
  secret?: SecretView
}

/** How the caller stands with the secret of a server. */
export interface SecretView {
  /** `good`, or what is wrong: `missing`, `expired`, `invalid` … */
  state: string
  /** Whose secret it is: the person's own, a group's, or one that all share. */
  whose: 'person' | 'group' | 'shared' | undefined
  /** Milliseconds since 1970. */
  expiresAtMs: number | undefined
  /** Where to give one, in a sentence. */
  hint: string
}

/** The state of a server at this plane's last contact. A server of the era `mounted` runs inside the gateway. */
export interface HealthView {
  state: 'unknown' | 'up' | 'down'
  era: string | undefined
  /** `open`: the plane sends it no calls for a while, because it failed too often. */
  breaker: 'closed' | 'open'
  lastSuccessAtMs: number | undefined
  lastErrorAtMs: number | undefined
  lastErrorSays: string | undefined
  latencyMs: number | undefined
}

export interface ToolView {
  name: string
  description: string
  needs: Level
  /** The caller's effective level; absent when refused. */
  level?: Level
  reason?: Reason
  inputSchema: object
}

export interface CallView {
  atMs: number
  server: string
  tool: string
  outcome: string
  reason?: string
  durationMs: number
  argsBytes: number
  resultBytes: number
  call: string
  /** What a server inside the gateway sent to its service for the call. */
  requests?: readonly SentRequest[]
}

export interface CheckStep {
  step: string
  ok: boolean
  detail: string
  durationMs: number
}

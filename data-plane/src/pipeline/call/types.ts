import type { GatewayError } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import type { Person, Policy, ServerPolicy } from '@bir/sdk/contract/policy'
import type { Endpoint } from '../../http/endpoint.ts'
import type { Message } from '../../protocol/json-rpc.ts'
import type { Session } from '../../sessions/session.ts'
import type { TaskAddress } from '../../protocol/extensions/tasks.ts'
import type { LegacyVersion, ModernVersion } from '../../protocol/versions.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import type { Channel } from '../../protocol/channel/channel.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import type { VerbatimJson } from '../../json/verbatim.ts'
import type { Cancel } from '../../runtime/cancellation.ts'
import type { ClientFacts } from '../../protocol/notification.ts'
import type { Caller } from '../../policy/caller.ts'
import type { SentRequest } from '../../server-kit/http/service.ts'
import type { InjectedSecret } from '../../secrets/leases.ts'
import type { Token } from '../../policy/tokens/token.ts'

/** A message as it came in over HTTP, from a caller who was known before it was read. */
export interface Incoming extends Message {
  readonly endpoint: Endpoint
  /** Undefined only while a legacy client initializes. */
  readonly version: ModernVersion | LegacyVersion | undefined
  readonly modern: boolean
  /** The legacy session id as it came, sealed. */
  readonly sessionId: string | undefined
  readonly caller: Caller
  readonly ip: string
  readonly userAgent: string | undefined
  readonly traceId: string | undefined
  /** `Mcp-Param-*`, by their lower-case names. */
  readonly paramHeaders: Readonly<Record<string, string>>
  /** What the client declares: on this request, or when it initialized. */
  readonly client: ClientFacts
  /** The legacy session, opened. */
  readonly session: Session | undefined
  /** The way back while the request is being answered. */
  readonly channel: Channel
  readonly cancel: Cancel
  /** In ms of `performance.now()`. */
  readonly startedMs: number
}

/** Added by `audit`. Later stages write into the note what the record should say of the call. */
export interface Audited {
  readonly note: AuditNote
}

export interface AuditNote {
  call: string
  server?: string
  tool?: string
  level?: Level
  /** Why a tool failed or the policy refused, from a closed list. */
  reason?: string
  /** Absent while nothing has gone wrong. */
  outcome?: 'refused' | 'failed' | 'unknown'
  /** The refusal by which the gateway stopped the call while it was under way. */
  stoppedBy?: GatewayError
  detail?: string
  behind?: boolean
  offline?: boolean
  argsText?: string
  revision?: number
  /** What a server inside the gateway sent to its service, for the caller's own list of calls. */
  requests?: SentRequest[]
  /** True once the answer is on its way into the record. */
  isRecorded?: boolean
  /** The answer is on its way to the client, and recorded where it has to be. */
  isOver?: boolean
  /** Called when the call is over and recorded: until then the secrets it was sent stay hidden. */
  readonly releases: (() => void)[]
}

export interface Authenticated {
  readonly token: Token
  /** Read once per call, because a new policy may come in the middle of one. */
  readonly policy: Policy
  readonly person: Person
  /** The token has expired, and is good for reading alone while no control plane can renew it. */
  readonly isOffline: boolean
}

/** The tool that the client named, whether or not the person may call it. */
export interface ResolvedTool {
  readonly serverId: string
  readonly server: ServerPolicy
  readonly upstream: Upstream
  readonly toolName: string
  readonly needs: Level
  /** The request in the server's own terms. */
  readonly upstreamCall: UpstreamCall
}

/** A request as it goes to its server. */
export interface UpstreamCall {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
  readonly source: VerbatimJson | undefined
}

/** The server of any other method. */
export interface ResolvedServer extends Omit<ResolvedTool, 'toolName'> {
  /** The task that the request is about, by the server's id and (`sealed`) by the client's. */
  readonly task?: (TaskAddress & { readonly sealed: string }) | undefined
}

export interface Authorised {
  /** The caller's effective level on the server. */
  readonly level: Level
}

/** Added by `injectSecret`. */
export interface WithSecret {
  /** Undefined where the server needs none of people. */
  readonly secret: InjectedSecret | undefined
}

/** A call that a server works on. */
export type OpenCall = Incoming & Audited & Authenticated & ResolvedServer & Partial<Pick<ResolvedTool, 'toolName'>> & Partial<WithSecret>

/** An answer as the JSON of a JSON-RPC result. */
export interface Rendered {
  readonly json: Cleared<string>
  /** The same, encoded: for an answer that is long, or that many clients get. */
  readonly bytes?: Buffer
  /** The request has to be told to the other planes too. */
  readonly broadcastToPeers?: true
  /** Headers of the HTTP answer, such as a new session id. */
  readonly headers?: Record<string, string>
}

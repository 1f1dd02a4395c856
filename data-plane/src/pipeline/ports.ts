import type { Policy } from '@bir/sdk/contract/policy'
import type { AuditFields, Bodies } from '../audit/fields.ts'
import type { MountedServer } from '../servers/define.ts'
import type { CallLog } from '../audit/call-log.ts'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { Dropped } from '../mcp/dropped.ts'
import type { Sealer } from '../mcp/sealed.ts'
import type { Timers } from './timers.ts'
import type { Inflight } from '../mcp/inflight.ts'
import type { Offers } from '../mcp/offers.ts'
import type { Rounds } from '../mcp/rounds.ts'
import type { SessionMemory } from '../mcp/session-memory.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Awaitable } from './pipeline.ts'
import type { Token } from './types.ts'

/** All the pipeline knows of the world. `main` fills it; tests fill it with the real parts or three-line fakes. */
export interface Ports {
  readonly servers: ReadonlyMap<string, MountedServer>
  readonly policy: PolicySource
  readonly journal: Journal
  readonly callLog: CallLog
  readonly sealer: Sealer
  readonly inflight: Inflight
  /** The server behind an id, mounted or remote; undefined when this plane cannot reach one. */
  upstream(id: string): Upstream | undefined
  readonly offers: Offers
  readonly rounds: Rounds
  readonly sessions: SessionMemory
  readonly dropped: Dropped
  /** This plane's id: the home of what cannot be sealed. */
  readonly node: string
  readonly timers: Timers
  verify(bearer: string): Awaitable<Token>
  readSecret(ref: SecretRef): Promise<string>
  /** Values read lately: they must not come back in an answer. */
  secretsInUse(): Iterable<string>
  readonly portalUrl: string | undefined
}

export interface PolicySource {
  /** Throws `unavailable` while there is none. */
  current(): Policy
  /** Milliseconds since 1970 of the newest signed word from the control plane. */
  freshAtMs(): number
  /** Calls back after every change of policy, until the returned function is called. */
  onChange(changed: () => void): () => void
  /** Waits for a revision, once per revision and at most a second; true when it is held. */
  reach(revision: number): Promise<boolean>
}

/** The audit spool as the pipeline sees it. */
export interface Journal {
  /** Throws `unavailable` when nothing can be recorded now. */
  ready(): void
  /** Resolves once the record is written, or synced where asked. */
  record(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void>
  /** A refusal of somebody unknown: written, or summed up when there are too many. */
  refusal(fields: AuditFields, bodies: Bodies): Promise<void>
}

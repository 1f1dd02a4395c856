import type { Journal } from '../../audit/fields.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { CallLog } from '../../audit/call-log.ts'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { DroppedMessages } from '../../upstream/dropped.ts'
import type { Sealer } from '../../runtime/sealer.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { CallsInFlight } from '../../sessions/calls-in-flight.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { ClientRequests } from '../../sessions/client-requests.ts'
import type { SessionMemory } from '../../sessions/session-memory.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { PolicySource } from '../../policy/source.ts'
import type { Token } from '../../policy/token.ts'

/** All the pipeline knows of the world. `main` fills it; tests fill it with the real parts or three-line fakes. */
export interface Ports {
  readonly servers: ReadonlyMap<string, MountedServer>
  readonly policy: PolicySource
  readonly journal: Journal
  readonly callLog: CallLog
  readonly sealer: Sealer
  readonly callsInFlight: CallsInFlight
  /** The server behind an id, mounted or remote; undefined when this plane cannot reach one. */
  upstream(id: string): Upstream | undefined
  readonly catalogue: Catalogue
  readonly clientRequests: ClientRequests
  readonly sessions: SessionMemory
  readonly dropped: DroppedMessages
  /** This plane's id: the home of what cannot be sealed. */
  readonly node: string
  readonly timers: Timers
  verify(bearer: string): Awaitable<Token>
  readSecret(ref: SecretRef): Promise<string>
  /** Values read lately: they must not come back in an answer. */
  secretsInUse(): Iterable<string>
  readonly portalUrl: string | undefined
}

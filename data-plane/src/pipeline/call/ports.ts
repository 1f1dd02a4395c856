import type { Journal } from '../../audit/fields.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { CallLog } from '../../audit/call-log.ts'
import type { DroppedMessages } from '../../upstream/dropped.ts'
import type { RefusedSecret } from '../../control/secrets/recheck.ts'
import type { SecretUsers } from '../../policy/secret-users.ts'
import type { SecretLeases } from '../../secrets/leases.ts'
import type { SecretsInUse } from '../../secrets/in-use.ts'
import type { Sealer } from '../../runtime/sealer.ts'
import type { Slots } from '../../runtime/slots.ts'
import type { OpenCall } from './types.ts'
import type { Timers } from '../../runtime/timers.ts'
import type { CallsInFlight } from '../../sessions/calls-in-flight.ts'
import type { Catalogue } from '../../catalogue/catalogue.ts'
import type { OpenStreams } from '../../sessions/open-streams.ts'
import type { ClientRequests } from '../../sessions/client-requests.ts'
import type { SessionMemory } from '../../sessions/session-memory.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import type { PolicySource } from '../../policy/source.ts'

/** All that the pipeline knows of the world. `assemblePlane` fills it, for the process and for tests alike. */
export interface Ports {
  readonly servers: ReadonlyMap<string, MountedServer>
  readonly policy: PolicySource
  readonly journal: Journal
  readonly callLog: CallLog
  readonly sealer: Sealer
  readonly callsInFlight: CallsInFlight
  /** Calls that servers work on: they end when they are allowed no more. */
  readonly openCalls: Slots<OpenCall>
  /** The server behind an id, mounted or remote; undefined when this plane cannot reach one. */
  upstream(id: string): Upstream | undefined
  readonly catalogue: Catalogue
  readonly clientRequests: ClientRequests
  readonly sessions: SessionMemory
  readonly streams: OpenStreams
  readonly dropped: DroppedMessages
  /** This plane's id: the home of what cannot be sealed. */
  readonly node: string
  readonly timers: Timers
  /** Reads secrets for a server, and knows which of them must not come back in its answers. */
  readonly secrets: SecretsInUse
  /** The secrets that calls are made with. */
  readonly leases: SecretLeases
  /** Hears by which tokens they are made. */
  readonly secretUsers: Pick<SecretUsers, 'note'>
  /** Tries a secret that its service refused in a call, and has the policy changed. Never rejects. */
  recheck(secret: RefusedSecret): Promise<void>
  /** Counts the calls by tokens that have expired, while no control plane can renew them. */
  readonly offline: { calls: number }
  /** A token of this session was used by somebody else, and the settings say that this ends the session. */
  misused(sessionId: string, reason: 'binding-network' | 'binding-user-agent'): void
  readonly portalUrl: string | undefined
}

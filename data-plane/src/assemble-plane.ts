import type { JsonWebKey } from 'node:crypto'
import type { Server } from 'node:http'
import { Settings } from '@bir/sdk/contract/settings'
import type { Journal } from './audit/fields.ts'
import { CallLog } from './audit/call-log.ts'
import type { IsGone } from './control/secrets/report-missing.ts'
import type { ControlClient } from './control/client.ts'
import type { OriginRules } from './http/allowed-origins.ts'
import { BodyBudget } from './http/body-budget.ts'
import { Forwarder } from './peers/forward.ts'
import { methodsOf } from './pipeline/index.ts'
import type { Ports } from './pipeline/call/ports.ts'
import type { OutgoingFilter } from './pipeline/filters/outgoing.ts'
import { endRefusedCalls } from './pipeline/revocation/end-refused-calls.ts'
import { planeStopped, stopAllCalls } from './pipeline/revocation/stop-all-calls.ts'
import { endIdleSessions } from './pipeline/session-end/end-idle.ts'
import { SessionGossip } from './pipeline/session-end/gossip.ts'
import { callerIdentifier } from './policy/caller.ts'
import type { PolicySource } from './policy/source.ts'
import { tokenVerifier } from './policy/tokens/verify-token.ts'
import type { Log } from './runtime/log.ts'
import type { Sealer } from './runtime/sealer.ts'
import { Slots } from './runtime/slots.ts'
import { Timers } from './runtime/timers.ts'
import { readShared } from './policy/shared-secret.ts'
import { secretFollower } from './policy/follow-secrets.ts'
import { SecretUsers } from './policy/secret-users.ts'
import type { SecretsInUse } from './secrets/in-use.ts'
import { SecretLeases } from './secrets/leases.ts'
import type { SecretReading } from './secrets/leases.ts'
import type { SecretReader } from './secrets/reader.ts'
import type { MountedServer } from './server-kit/define.ts'
import { CallsInFlight } from './sessions/calls-in-flight.ts'
import { ClientRequests } from './sessions/client-requests.ts'
import type { EndedSessions } from './sessions/ended-sessions.ts'
import { OpenStreams } from './sessions/open-streams.ts'
import { SessionMemory } from './sessions/session-memory.ts'
import { drain } from './transport/drain.ts'
import { McpExchange } from './transport/exchange.ts'
import { createInternalServer } from './transport/internal-server.ts'
import { createPublicServer } from './transport/public-server.ts'
import { refusalRecorder } from './transport/record-refusal.ts'
import { DroppedMessages } from './upstream/dropped.ts'
import type { ProxiesBefore } from '@bir/sdk/client-address'
import type { ProxyFor } from '@bir/sdk/proxies'
import { callerSecrets } from './policy/caller-secrets.ts'
import { openUpstreams } from './upstreams.ts'

/** What the bodies of all unfinished requests may hold together, at least. */
const minBodyBytes = 64 * 1024 * 1024

/** Before there is a policy nobody calls. */
const noSettings = Settings.parse({})

/** What a plane is made of: the parts that differ between the process and a test. */
export interface PlaneParts {
  /** This plane's id. */
  readonly node: string
  readonly mounted: ReadonlyMap<string, MountedServer>
  readonly policy: PolicySource
  readonly journal: Journal
  readonly sealer: Sealer
  readonly secrets: SecretsInUse
  /** Reads the secrets that calls are made with. */
  readonly secretReader: SecretReader
  /** Tries a secret that its service refused in a call; absent where nobody can be told of the result. */
  readonly recheck?: Ports['recheck'] | undefined
  /** Asked when the store has no value for a secret; absent where nobody knows more. */
  readonly isSecretGone?: IsGone | undefined
  readonly endedSessions: EndedSessions
  readonly log: Log
  /** Absent where nobody approves definitions or hears of health: what a server offers is what is served. */
  readonly control?: ControlClient | undefined
  /** Signs what is forwarded to other planes; absent where there are none. */
  readonly signForPeer?: ConstructorParameters<typeof Forwarder>[0]['sign'] | undefined
  /** The private key with which this plane opens what others seal to it; absent where there are none. */
  readonly sealingKey?: JsonWebKey | undefined
  readonly publicUrl: string
  readonly portalUrl?: string | undefined
  readonly origins: OriginRules
  readonly maxRequestBytes: number
  /** Absent where no proxy stands before the plane. */
  readonly proxies?: ProxiesBefore
  readonly offline: Ports['offline']
  /** Ends a session whose token somebody else used; absent where nobody can. */
  readonly misused?: Ports['misused']
  /** Absent where every server is reached directly. */
  readonly proxyFor?: ProxyFor | undefined
  health(dropped: DroppedMessages['counts'], secrets: SecretReading): { ok: boolean; body: object }
  readonly timers?: Timers
  readonly idleCheckMs?: number
  readonly gossipMs?: number
  readonly revocationCheckMs?: number
  readonly maxUnreadMs?: number | undefined
  /** Outgoing filters beside the gateway's own. */
  readonly moreFilters?: readonly OutgoingFilter[]
}

export interface AssembledPlane {
  /** For clients; not listening yet. */
  readonly server: Server
  /** For other planes; not listening yet. */
  readonly internalServer: Server
  readonly sessions: SessionMemory
  readonly dropped: DroppedMessages
  /** The bytes that unfinished requests hold. */
  readonly bodies: Pick<BodyBudget, 'held'>
  /** The secrets that it holds for calls. */
  readonly leases: Pick<SecretLeases, 'health'>
  /** Resolves once the other planes have said which sessions are over, or soon after. Needs a policy to know them. */
  start(): Promise<void>
  /**
   * Ends the streams at once, serves `stopDelayMs` longer, then takes no more requests, and refuses those that are
   * still under way `drainMs` later.
   */
  close(limits: { stopDelayMs: number; drainMs: number }): Promise<void>
}

/**
 * Puts the parts of a data plane together: servers, sessions, pipeline, HTTP. The process and the tests use this one
 * assembly.
 */
export function assemblePlane(parts: PlaneParts): AssembledPlane {
  const { node, mounted, policy, journal, sealer, secrets, log, control, publicUrl, portalUrl, maxRequestBytes } = parts
  const leases = new SecretLeases({
    reader: parts.secretReader,
    times: () => policy.held?.settings ?? noSettings,
    log,
    ...(parts.isSecretGone && { isGone: parts.isSecretGone }),
    portalUrl,
  })
  const secretUsers = new SecretUsers()
  const unfollowSecrets = policy.onChange(secretFollower({ policy, leases, secrets, users: secretUsers }))
  const recheck = parts.recheck ?? (async () => undefined)
  const upstreams = openUpstreams({
    mounted,
    policy,
    sealer,
    log,
    node,
    control,
    secrets,
    callerSecrets: callerSecrets({ policy, leases, secrets, portalUrl, recheck }),
    readShared: (server, ref) => readShared({ secrets, leases }, policy.current(), server, ref),
    proxyFor: parts.proxyFor,
  })
  const sessions = new SessionMemory({ node, ended: parts.endedSessions })
  const dropped = new DroppedMessages()
  const timers = parts.timers ?? new Timers()
  const streams = new OpenStreams()
  const ports: Ports = {
    servers: mounted,
    policy,
    journal,
    callLog: new CallLog(),
    sealer,
    callsInFlight: new CallsInFlight(),
    openCalls: new Slots(),
    upstream: upstreams.upstream,
    catalogue: upstreams.catalogue,
    clientRequests: new ClientRequests(node, timers),
    sessions,
    streams,
    dropped,
    node,
    timers,
    secrets,
    leases,
    secretUsers,
    recheck,
    offline: parts.offline,
    misused: parts.misused ?? (() => undefined),
    portalUrl,
  }
  const forwarder = parts.signForPeer && new Forwarder({ node, policy, streams, sign: parts.signForPeer })
  const idleCheck = endIdleSessions(ports, parts.idleCheckMs)
  const revocation = endRefusedCalls(ports, parts.revocationCheckMs)
  const gossip = new SessionGossip(ports, {
    post: (...message) => forwarder?.post(...message) ?? Promise.reject(new Error('there are no other planes')),
    ...(parts.gossipMs !== undefined && { everyMs: parts.gossipMs }),
  })
  const bodies = new BodyBudget(Math.max(minBodyBytes, 16 * maxRequestBytes))
  const identify = callerIdentifier({ verify: tokenVerifier(policy), policy })
  const methods = methodsOf(ports, parts.moreFilters)
  const recordRefusal = refusalRecorder({ journal, policy })
  const exchange = new McpExchange({ methods, identify, bodies, recordRefusal, maxRequestBytes, forwarder })
  const server = createPublicServer({
    publicUrl,
    origins: parts.origins,
    issuer: () => policy.held?.keys.issuer,
    health: () => parts.health(dropped.counts, leases.health),
    isStopping: () => streams.isStopping,
    exchange,
    recordRefusal,
    proxies: parts.proxies ?? { isTrusted: () => false, header: 'x-forwarded-for' },
    maxUnreadMs: parts.maxUnreadMs,
  })
  const internalServer = createInternalServer({
    node,
    sealingKey: parts.sealingKey,
    publicUrl,
    policy,
    exchange,
    gossip,
    bodies,
    maxRequestBytes,
  })

  return {
    server,
    internalServer,
    sessions,
    dropped,
    bodies,
    leases,
    start: () => gossip.start(),
    async close({ stopDelayMs, drainMs }) {
      streams.stop()
      if (stopDelayMs > 0) await new Promise<void>((resolve) => void timers.after(stopDelayMs, resolve))
      idleCheck.close()
      await drain([server, internalServer], drainMs, {
        cut() {
          const refusal = planeStopped()
          stopAllCalls(ports, refusal)
          return exchange.stop(refusal)
        },
        refuseRest: () => exchange.refuseUnfinished(planeStopped()),
      })
      revocation.close()
      gossip.close()
      unfollowSecrets()
      await forwarder?.close()
      await upstreams.close()
      await leases.close()
    },
  }
}

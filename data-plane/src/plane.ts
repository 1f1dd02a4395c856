import { join } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { CallLog } from './audit/call-log.ts'
import { SpoolJournal } from './audit/journal.ts'
import { Shipper } from './audit/shipper.ts'
import { Spool } from './audit/spool.ts'
import type { Config } from './config.ts'
import type { Log } from './runtime/log.ts'
import { DroppedMessages } from './upstream/dropped.ts'
import { EndedSessions } from './sessions/ended-sessions.ts'
import { McpExchange } from './transport/exchange.ts'
import { Forwarder } from './peers/forward.ts'
import { createPublicServer } from './transport/public-server.ts'
import { createInternalServer } from './transport/internal-server.ts'
import { CallsInFlight } from './sessions/calls-in-flight.ts'
import { originRules } from './http/allowed-origins.ts'
import { ClientRequests } from './sessions/client-requests.ts'
import { Sealer } from './runtime/sealer.ts'
import { endIdleSessions } from './pipeline/session-end/end-idle.ts'
import { SessionMemory } from './sessions/session-memory.ts'
import { SessionGossip } from './pipeline/session-end/gossip.ts'
import { methodsOf } from './pipeline/index.ts'
import type { Ports } from './pipeline/call/ports.ts'
import { Timers } from './runtime/timers.ts'
import { PolicyCache } from './policy/cache.ts'
import { ControlClient } from './control/client.ts'
import { PolicyFeed } from './policy/feed.ts'
import { headSigner } from './control/identity.ts'
import type { Identity } from './control/identity.ts'
import { peerSigner } from './peers/signature.ts'
import { poll } from './policy/poll.ts'
import { keepSealingKeys } from './control/sealing-keys.ts'
import { tokenVerifier } from './policy/verify-token.ts'
import { openUpstreams } from './upstreams.ts'
import { SecretFiles } from './secrets/files.ts'
import type { MountedServer } from './server-kit/define.ts'

const shipLastMs = 3_000

export interface Plane {
  readonly server: Server
  /** Takes no more calls, lets those under way end, ships and closes the spool. */
  close(): Promise<void>
}

/** Puts a data plane together from its identity: policy, spool, pipeline, door. It serves as soon as it holds a policy, from disk or fresh. */
export async function startPlane(
  config: Config,
  identity: Identity,
  mounted: ReadonlyMap<string, MountedServer>,
  log: Log,
): Promise<Plane> {
  const stop = new AbortController()
  const control = new ControlClient(identity)
  const sealer = new Sealer()
  const secrets = new SecretFiles(config.secretsDir)

  const spoolDir = join(config.homeDir, 'spool')
  const { spool, recovered } = Spool.open(spoolDir, { plane: identity.id, boot: uuidv7() }, config.spoolMaxBytes)
  const journal = new SpoolJournal({ spool, sign: headSigner(identity) })
  await journal.begin(recovered)
  const shipper = new Shipper({ dir: spoolDir, spool, control, log })

  const ring = keepSealingKeys({ identity, control, sealer, path: join(config.homeDir, 'ring.box'), log }, stop.signal)
  const feed = new PolicyFeed({
    manifestKey: identity.manifestKey,
    mounted,
    cache: new PolicyCache(join(config.homeDir, 'policy')),
    log,
    fetchChunk: async (name) => (await control.get(`/chunks/${name}`, stop.signal)).bytes,
    acknowledge: async (ack) => void (await control.post('/acks', JSON.stringify(ack), undefined, stop.signal)),
    planesChanged: () => void ring.refresh(),
  })
  const upstreams = openUpstreams({
    mounted,
    policy: feed,
    sealer,
    log,
    node: identity.id,
    control,
    readSecret: (ref) => secrets.read(ref),
    secretsInUse: () => secrets.inUse(),
  })
  await feed.restore()

  const dropped = new DroppedMessages()
  const ended = new EndedSessions({
    path: join(config.homeDir, 'ended-sessions'),
    onFault: (error) => log('warn', 'a session that ended may be good again after a restart', { why: String(error) }),
  })
  const ports: Ports = {
    servers: mounted,
    policy: feed,
    journal,
    callLog: new CallLog(),
    sealer,
    callsInFlight: new CallsInFlight(),
    upstream: upstreams.upstream,
    catalogue: upstreams.catalogue,
    clientRequests: new ClientRequests(identity.id),
    sessions: new SessionMemory({ node: identity.id, ended }),
    dropped,
    node: identity.id,
    timers: new Timers(),
    verify: tokenVerifier(feed),
    readSecret: (ref) => secrets.read(ref),
    secretsInUse: () => secrets.inUse(),
    portalUrl: config.portalUrl,
  }
  const methods = methodsOf(ports)
  const { publicUrl, portalUrl, allowedOrigins, allowedHosts, maxRequestBytes } = config
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.host)
  const forwarder = new Forwarder({ node: identity.id, policy: feed, sign: peerSigner(identity) })
  const idle = endIdleSessions(ports)
  const gossip = new SessionGossip(ports, { post: (...message) => forwarder.post(...message) })
  const exchange = new McpExchange({ methods, journal, maxRequestBytes, forwarder })
  let draining = false
  const server = createPublicServer({
    publicUrl,
    origins: originRules({ publicUrl, portalUrl, allowedOrigins, allowedHosts, loopback, local: config.stage === 'local' }),
    issuer: () => feed.held?.keys.issuer,
    health: () => healthOf(feed, draining, { warning: shipper.warning, dropped: dropped.counts }),
    exchange,
  })

  shipper.start()
  const polling = poll(feed, control, log, stop.signal)
  await gossip.start()
  const internal = await openInternalServer(
    config,
    { node: identity.id, publicUrl, policy: feed, exchange, gossip, maxRequestBytes },
    control,
    log,
  )
  await listening(server, config.host, config.port)

  return {
    server,
    async close() {
      draining = true
      idle.close()
      await drained(server, config.drainMs)
      if (internal) await drained(internal, 0)
      gossip.close()
      await forwarder.close()
      await upstreams.close()
      await shipper.close(shipLastMs)
      stop.abort()
      await polling
      await feed.saved()
      await journal.close()
      await control.close()
    },
  }
}

/** Opens the door for other planes, where there is to be one, and tells the control plane where it is. */
async function openInternalServer(
  { internalHost, internalPort, internalUrl }: Config,
  options: Parameters<typeof createInternalServer>[0],
  control: ControlClient,
  log: Log,
): Promise<Server | undefined> {
  if (internalPort === undefined) return undefined
  const internal = createInternalServer(options)
  await listening(internal, internalHost, internalPort)
  const { port } = internal.address() as AddressInfo
  const body = JSON.stringify({ internalUrl: internalUrl ?? `http://${internalHost}:${port}` })
  control.post('/planes', body).catch((error: unknown) => log('warn', 'other planes do not know where this one is', { why: String(error) }))
  return internal
}

/** A warning does not stop the plane: calls are still made and recorded. */
export function healthOf(
  { held }: Pick<PolicyFeed, 'held'>,
  draining: boolean,
  { warning, dropped = {} }: { warning?: string | undefined; dropped?: DroppedMessages['counts'] } = {},
): { ok: boolean; body: object } {
  const more = { ...(warning !== undefined && { warning }), ...(Object.keys(dropped).length > 0 && { dropped }) }
  if (draining) return { ok: false, body: { status: 'draining', ...more } }
  if (!held) return { ok: false, body: { status: 'waiting', why: 'no policy yet: the control plane has not been reached', ...more } }
  return { ok: true, body: { status: 'ok', revision: held.revision, ...more } }
}

const listening = (server: Server, host: string, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

const drained = (server: Server, withinMs: number) =>
  new Promise<void>((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), withinMs)
    server.close(() => {
      clearTimeout(late)
      resolve()
    })
    server.closeIdleConnections()
  })

import { join } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OPENS_SEALED } from '@bir/sdk/contract/internal'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { StrayRejections } from '@bir/sdk/stray-rejections'
import { assemblePlane } from './assemble-plane.ts'
import { SpoolJournal } from './audit/journal.ts'
import { AuditReporter } from './audit/shipping/report.ts'
import { Shipper } from './audit/shipping/shipper.ts'
import { Spool } from './audit/spool.ts'
import { proxyRules } from '@bir/sdk/proxies'
import type { Config } from './config.ts'
import { ControlClient } from './control/client.ts'
import { Contact } from './control/contact.ts'
import type { Trouble } from './control/contact.ts'
import { Expulsion } from './control/expulsion.ts'
import { headSigner } from './control/identity.ts'
import type { Identity } from './control/identity.ts'
import { misuseReporter } from './control/report-misuse.ts'
import { followCheckOrders } from './control/secrets/check-orders.ts'
import { readThroughControlPlane } from './control/secrets/reader.ts'
import { secretRechecker } from './control/secrets/recheck.ts'
import { missingReporter } from './control/secrets/report-missing.ts'
import { keepSealingKeys } from './control/sealing-keys.ts'
import { originRules } from './http/allowed-origins.ts'
import { peerSigner } from './peers/signature.ts'
import { PolicyCache } from './policy/cache.ts'
import { PolicyFeed } from './policy/feed.ts'
import { poll } from './policy/poll.ts'
import { unawaited } from './runtime/awaitable.ts'
import type { Log } from './runtime/log.ts'
import { Sealer } from './runtime/sealer.ts'
import { secretFiles } from './secrets/files.ts'
import { SecretsInUse } from './secrets/in-use.ts'
import type { SecretReading } from './secrets/leases.ts'
import { VaultReader } from './secrets/vault/vault-reader.ts'
import { vaultAccess } from '@bir/sdk/vault/settings'
import type { MountedServer } from './server-kit/define.ts'
import { EndedSessions } from './sessions/ended-sessions.ts'
import type { DroppedMessages } from './upstream/dropped.ts'

const maxLastShippingMs = 3_000
const defaultStopDelayMs = 5_000
const loopbackHosts = ['127.0.0.1', '::1', 'localhost']

/** What the process gives its plane. */
export interface Surroundings {
  readonly log: Log
  readonly strays: StrayRejections
  /** Called when a part ends that the plane cannot do without. */
  onEnd(error: unknown): void
}

export interface Plane {
  readonly server: Server
  /** Serves a moment longer while its health says that it stops; then drains calls, ships and closes the spool. */
  close(): Promise<void>
}

/** Starts a data plane from its identity. It serves as soon as it holds a policy, from disk or fresh. */
export async function startPlane(
  config: Config,
  identity: Identity,
  mounted: ReadonlyMap<string, MountedServer>,
  { log, strays, onEnd }: Surroundings,
): Promise<Plane> {
  const stop = new AbortController()
  const expulsion = new Expulsion({ homeDir: config.homeDir, plane: identity.id, log })
  const contact = new Contact(log)
  const control = new ControlClient(identity, expulsion, contact)
  const sealer = new Sealer()
  const { journal, shipper } = await openAudit(config, identity, control, log)
  const offline = { calls: 0 }
  const reporter = new AuditReporter({
    control,
    state: () => shipper.state,
    offlineCalls: () => offline.calls,
    onStored: (stored, sent) => shipper.compare(stored, sent),
    log,
  })
  const sealingKeys = keepSealingKeys({ identity, control, sealer, path: join(config.homeDir, 'ring.box'), log }, stop.signal)
  const feed = new PolicyFeed({
    manifestKey: identity.manifestKey,
    mounted,
    cache: new PolicyCache(join(config.homeDir, 'policy')),
    log,
    refusal: () => expulsion.refusal(),
    fetchChunk: async (name) => (await control.get(`/chunks/${name}`, stop.signal)).bytes,
    acknowledge: async (ack, held) => void (await control.post(`/acks?${held}`, JSON.stringify(ack), undefined, stop.signal)),
    planesChanged: () => void sealingKeys.refresh(),
  })
  expulsion.onChange = () => feed.refusalChanged()
  const secrets = new SecretsInUse(secretFiles(config.secretsDir), log)
  const proxyFor = proxyRules(config)
  const proving = { mounted, proxyFor, readSecret: (server: string, ref: { secret: string }) => secrets.of(server).read(ref) }
  let stopping = false
  const plane = assemblePlane({
    node: identity.id,
    mounted,
    policy: feed,
    journal,
    sealer,
    secrets,
    secretReader:
      config.vaultAddr === undefined
        ? readThroughControlPlane({ control, sealingKey: identity.sealingKey })
        : new VaultReader(vaultAccess(config), log),
    recheck: secretRechecker({ ...proving, control, log }),
    isSecretGone: missingReporter({ control, log }),
    endedSessions: openEndedSessions(config, log),
    log,
    control,
    signForPeer: peerSigner(identity),
    sealingKey: identity.sealingKey,
    proxyFor,
    publicUrl: config.publicUrl,
    portalUrl: config.portalUrl,
    origins: originRules({ ...config, loopback: loopbackHosts.includes(config.host), local: config.stage === 'local' }),
    maxRequestBytes: config.maxRequestBytes,
    offline,
    misused: misuseReporter({ control, log }),
    proxies: { isTrusted: config.trustedProxies, header: config.forwardedHeader },
    health(dropped, reading) {
      const trouble = contact.trouble(feed.freshAtMs(), Date.now())
      const { warning } = shipper
      return healthOf(feed, stopping, { warning, dropped, strays: strays.count, expelled: expulsion.notice, trouble, reading })
    },
  })

  await feed.restore()
  shipper.start(onEnd)
  reporter.start()
  const polling = poll(feed, control, log, stop.signal)
  polling.catch(onEnd)
  unawaited(followCheckOrders({ ...proving, control, sealingKey: identity.sealingKey, log }, stop.signal))
  await plane.start()
  await listenToPeers(plane.internalServer, config, control, log)
  await listening(plane.server, config.host, config.port)

  return {
    server: plane.server,
    async close() {
      stopping = true
      await plane.close({ stopDelayMs: stopDelayOf(config), drainMs: config.drainMs })
      await journal.end()
      await shipper.close(maxLastShippingMs)
      await reporter.end()
      stop.abort()
      await polling
      await feed.saved()
      await journal.close()
      await control.close()
    },
  }
}

async function openAudit({ homeDir, spoolMaxBytes }: Config, identity: Identity, control: ControlClient, log: Log) {
  const dir = join(homeDir, 'spool')
  const { spool, recovered } = Spool.open(dir, { plane: identity.id, boot: uuidv7() }, spoolMaxBytes)
  const journal = new SpoolJournal({ spool, sign: headSigner(identity) })
  await journal.begin(recovered)
  const sayApart = (seq: number, hash: string) => journal.sayApart(seq, hash)
  return { journal, shipper: new Shipper({ dir, spool, control, log, sayApart }) }
}

const openEndedSessions = ({ homeDir }: Config, log: Log) =>
  new EndedSessions({
    path: join(homeDir, 'ended-sessions'),
    onFault: (error) => log('warn', 'a session that ended may be good again after a restart', { why: String(error) }),
  })

/** Listens for other planes, where the settings name a port for them, and tells the control plane its URL. */
async function listenToPeers(
  server: Server,
  { internalHost, internalPort, internalUrl }: Config,
  control: ControlClient,
  log: Log,
): Promise<void> {
  if (internalPort === undefined) return
  await listening(server, internalHost, internalPort)
  const { port } = server.address() as AddressInfo
  const body = JSON.stringify({ internalUrl: internalUrl ?? `http://${internalHost}:${port}` })
  control
    .post(`/planes?${OPENS_SEALED}`, body)
    .catch((error: unknown) => log('warn', 'other planes do not know where this one is', { why: String(error) }))
}

/** Nothing stands before a gateway on one's own machine that would have to notice. */
const stopDelayOf = ({ stage, stopDelayMs = stage === 'local' ? 0 : defaultStopDelayMs }: Config) => stopDelayMs

interface HealthFacts {
  warning?: string | undefined
  dropped?: DroppedMessages['counts']
  strays?: number
  /** What happened to an expelled plane, and what to do. */
  expelled?: string | undefined
  trouble?: Trouble | undefined
  reading?: SecretReading | undefined
}

/** A warning or a stray rejection does not stop the plane: calls are still made and recorded. */
export function healthOf(
  { held }: Pick<PolicyFeed, 'held'>,
  stopping: boolean,
  { warning, dropped = {}, strays = 0, expelled, trouble, reading }: HealthFacts = {},
): { ok: boolean; body: object } {
  const notes = {
    ...(warning !== undefined && { warning }),
    ...(Object.keys(dropped).length > 0 && { dropped }),
    ...(strays > 0 && { strayRejections: strays }),
    ...secretFacts(reading),
  }
  const isWell = warning === undefined && reading?.awaySinceMs === undefined
  if (expelled !== undefined) return { ok: false, body: { status: 'expelled', why: expelled, ...notes } }
  if (stopping) return { ok: false, body: { status: 'stopping', ...notes } }
  if (trouble) return { ok: false, body: { ...trouble, ...(held && { revision: held.revision }), ...notes } }
  if (!held) return { ok: false, body: { status: 'waiting', why: 'no policy yet: the control plane has not been reached', ...notes } }
  return { ok: true, body: { status: isWell ? 'ok' : 'degraded', revision: held.revision, ...notes } }
}

/** Nothing as long as no secret was needed. */
function secretFacts({ leases = 0, lastReadAtMs, awaySinceMs }: Partial<SecretReading> = {}): object {
  if (lastReadAtMs === undefined && awaySinceMs === undefined) return {}
  const moment = (ms: number) => new Date(ms).toISOString()
  return {
    secrets: {
      held: leases,
      ...(lastReadAtMs !== undefined && { lastReadAt: moment(lastReadAtMs) }),
      ...(awaySinceMs !== undefined && { storeAwaySince: moment(awaySinceMs) }),
    },
  }
}

const listening = (server: Server, host: string, port: number) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

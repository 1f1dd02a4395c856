import { setTimeout as wait } from 'node:timers/promises'
import type { IncomingMessage, Server } from 'node:http'
import { clientAddress } from '@bir/sdk/client-address'
import type { AddressInfo } from 'node:net'
import { mountedServers } from '@bir/data-plane/catalog'
import { connect } from '@bir/db'
import type { Db } from '@bir/db'
import { migrate } from '@bir/db/migrate'
import { vaultAccess } from '@bir/sdk/vault/settings'
import { VERSION } from '@bir/sdk/contract/version'
import { openOwnChain } from './audit/own-chain.ts'
import type { OwnChain } from './audit/own-chain.ts'
import { proxyRules } from '@bir/sdk/proxies'
import type { StrayRejections } from '@bir/sdk/stray-rejections'
import type { Config } from './config.ts'
import { markDirty } from './base/context.ts'
import type { Ctx, JoinLines, Publisher } from './base/context.ts'
import { createSite, json } from './base/http.ts'
import type { Answer, Route } from './base/http.ts'
import { shortHasher } from './definitions/short-hash.ts'
import { internalRoutes } from './internal/routes.ts'
import { createProviders } from './providers/providers.ts'
import { environmentProvider } from './environment-provider.ts'
import { fingerprintOf, openKeyRing, readTokenKeys } from './keys/key-ring.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { readMasterKey } from './keys/master-key.ts'
import type { MasterKey } from './keys/master-key.ts'
import { errorText } from './base/log.ts'
import type { Log } from './base/log.ts'
import { isLoopbackAddress } from './base/loopback.ts'
import { mountsOf } from './faces/mounts.ts'
import { watchAudit } from './audit/watch.ts'
import type { AuditWatch } from './audit/watch.ts'
import { joinFileOf } from './planes/join-file.ts'
import type { JoinFile } from './planes/join-file.ts'
import { joinLineOf } from './planes/join-line.ts'
import { beginHistory, openHistory } from './snapshots/history.ts'
import type { Evidence } from './snapshots/history.ts'
import { createPublisher } from './snapshots/publish.ts'
import { watchRevisions } from './snapshots/serve-watch.ts'
import type { RevisionWatch } from './snapshots/serve-watch.ts'
import { refusalPage } from './pages/refusal-page.ts'
import { whileAnswering } from './base/while-answering.ts'
import { callerOf, pageCaller, refusePage } from './callers/caller.ts'
import { openClients } from './oauth/clients/authentication/open-clients.ts'
import { registrationRoutes } from './oauth/clients/registration/registration-routes.ts'
import { oauthRoutes } from './oauth/endpoints.ts'
import { createRecorder } from './oauth/base/record.ts'
import type { RecordOAuth } from './oauth/base/record.ts'
import { readSettings } from './settings/settings.ts'
import { createOperatorVerifier } from './tokens/operator.ts'
import { checkDueSecrets } from './secrets/operations/schedule.ts'
import { watchOrders } from './secrets/orders/order-watch.ts'
import { proveAtPlanes } from './secrets/orders/prove-at-planes.ts'
import { createProver } from './secrets/proving/prover.ts'
import { followConsul } from './secrets/changes/follow-consul.ts'
import { openSource } from './secrets/import/source.ts'
import { openSecretStore } from './secrets/open-store.ts'
import { consulSettingsOf } from './secrets/stores/consul/consul-settings.ts'
import type { SecretStore } from './secrets/stores/store.ts'
import { watchStore } from './secrets/watch-store.ts'
import type { StoreWatch } from './secrets/watch-store.ts'
import { readBrowserSession } from './sessions/browser-session.ts'
import { startMaintenance } from './upkeep.ts'

export interface Running {
  /** The URL that the server listens on. */
  url: string
  /**
   * Says in `GET /health` that it stops, and answers on for `stopDelayMs`. Then it answers the requests that wait, lets
   * running ones end, and releases everything.
   */
  close: () => Promise<void>
}

const defaultStopDelayMs = 5_000

/** The parts of the process that exist before it serves HTTP. */
interface Core {
  config: Config
  log: Log
  db: Db
  master: MasterKey
  keys: KeyRing
  ownChain: OwnChain
  watch: RevisionWatch
  publisher: Publisher
  publishAbove: (evidence: Evidence) => Promise<boolean>
  joinLines: JoinLines
  joinFile: JoinFile | undefined
  auditWatch: AuditWatch
  store: SecretStore
  storeWatch: StoreWatch
}

/** Starts the whole process: migrates the database, opens the keys, publishes the policy, and listens. */
export async function startControlPlane(config: Config, log: Log, strays: StrayRejections = { count: 0 }): Promise<Running> {
  const { publicUrl: issuer, stage } = config
  const core = { ...(await openCore(config, log)), strays }
  const { db, keys, ownChain, publisher, watch, joinLines, joinFile, auditWatch, store, storeWatch } = core
  const revision = await publishAtStart(core)
  await joinFile?.renew()

  const draining = new AbortController()
  let isStopping = false
  const recorder = createRecorder(db, ownChain, log)
  const { server, ctxOf } = siteOf(core, recorder.record, { draining: draining.signal, isStopping: () => isStopping })
  await listen(server, config)
  const maintenance = startMaintenance({
    db,
    keys,
    publisher,
    signHead: ownChain.signHead,
    renewJoinFile: joinLines.renewFile,
    store,
    checkSecrets: () => checkDueSecrets(ctxOf('gateway'), log, draining.signal),
    log,
  })
  const consul = config.secretStore === 'consul' ? consulSettingsOf(config) : undefined
  const secretWatch = consul && followConsul({ consul, ctx: ctxOf('gateway'), log })
  const following = joinFile?.follow(watch, draining.signal)
  const url = urlOf(server)
  log('info', 'listening', { url, issuer, stage, revision })

  return {
    url,
    async close() {
      isStopping = true
      // A balancer must see it before the port closes.
      const stopDelayMs = config.stopDelayMs ?? (stage === 'local' ? 0 : defaultStopDelayMs)
      if (stopDelayMs > 0) await wait(stopDelayMs)
      draining.abort()
      await closeServer(server, config.drainMs)
      await secretWatch?.stop()
      await maintenance.stop()
      await following
      await recorder.end()
      await ownChain.signHead().catch((error: unknown) => log('warn', 'own-chain-unsigned', { why: errorText(error) }))
      await watch.stop()
      await auditWatch.stop()
      await storeWatch.stop()
      await store.close()
      await db.destroy()
      log('info', 'stopped')
    },
  }
}

async function openCore(config: Config, log: Log): Promise<Core> {
  const master = readMasterKey(config)
  const db = connect(config.databaseUrl)
  const { ran, ofLaterVersion } = await migrate(db)
  if (ran.length > 0) log('info', 'migrated', { migrations: ran })
  if (ofLaterVersion.length > 0) log('info', 'beside-a-later-version', { version: VERSION, migrations: ofLaterVersion })

  const keys = await openKeyRing(db, master, { tokenAlg: config.tokenAlg })
  const ownChain = await openOwnChain(db, keys.audit)
  await ownChain.signHead()
  await openHistory(db, log)
  const publishAbove = async (evidence: Evidence) => {
    const hasBegun = await beginHistory(db, evidence, log)
    if (hasBegun) await publisher.publish()
    return hasBegun
  }
  const onSetBack = async (revision: number) => void (await publishAbove({ revision, why: 'this process has seen more' }))
  const watch = watchRevisions({ db, databaseUrl: config.databaseUrl, onSetBack, log })
  const publisher = createPublisher({
    db,
    manifestKey: keys.manifest,
    inputs: async (trx) => ({
      mountable: mountedServers,
      keys: { issuer: config.publicUrl, tokenKeys: await readTokenKeys(trx, master) },
    }),
    onPublished: () => watch.check(),
    log,
  })
  const address = { issuer: config.publicUrl, fingerprint: fingerprintOf(keys.manifest.jwk) }
  const joinFile = config.joinFile === undefined ? undefined : joinFileOf({ db, path: config.joinFile, address, log })
  const joinLines = { lineOf: (secret: string) => joinLineOf(address, secret), renewFile: async () => joinFile?.tryRenew() }
  const store = openSecretStore(config, { db, master, log })
  const auditWatch = watchAudit(db, log)
  const storeWatch = watchStore(store, log)
  const made = { config, log, db, master, keys, ownChain, watch, publisher, publishAbove, joinLines, joinFile }
  return { ...made, auditWatch, store, storeWatch }
}

/** Publishes what changed while no control plane ran, such as keys or the catalogue of servers. */
async function publishAtStart({ db, publisher, watch }: Core): Promise<number> {
  await db.transaction().execute((trx) => markDirty(trx, []))
  const revision = await publisher.publish()
  await watch.check()
  return revision
}

/** The HTTP server with all its routes. It does not listen yet. */
function siteOf(
  {
    config,
    log,
    db,
    master,
    keys,
    ownChain,
    watch,
    publisher,
    publishAbove,
    joinLines,
    auditWatch,
    store,
    storeWatch,
    strays,
  }: Core & { strays: StrayRejections },
  record: RecordOAuth,
  { draining, isStopping }: { draining: AbortSignal; isStopping: () => boolean },
): { server: Server; ctxOf: (label: string) => Ctx } {
  const { publicUrl: issuer, mcpUrl, stage, idpProvider, planeHosts } = config
  const planeSites = { loopback: stage === 'local', hosts: planeHosts }
  const { recordChange } = ownChain
  const answering = whileAnswering(watch.isSilent)
  const environment = environmentProvider(config)
  const providers = createProviders({ db, environment, secretsDir: config.secretsDir, issuer, proxyFor: proxyRules(config), log })
  const vault = () => (config.vaultAddr === undefined ? undefined : vaultAccess(config))
  const sources = { consul: consulSettingsOf(config), vault, log }
  const shared = {
    whileAnswering: answering,
    db,
    idpProvider,
    providers: { environment, isLocal: stage === 'local', states: providers.states },
    catalog: mountedServers,
    publisher,
    recordChange,
    ownChainKey: keys.audit.jwk,
    joinLines,
    secrets: {
      store,
      prove: createProver({ store, secretsDir: config.secretsDir, proveAtPlanes: (trial) => proveAtPlanes(db, trial) }),
      importFrom: (from: string) => openSource(from, sources),
      portalUrl: config.portalUrl,
    },
    shortHash: shortHasher(keys.audit.privateKey),
  }
  const ctxFor = (who: Pick<Ctx, 'actor' | 'caller'>): Ctx => ({ ...shared, ...who })
  const ctxOf = (label: string) => ctxFor({ actor: { id: label, label, administrator: true } })
  const operators = createOperatorVerifier({ ...config, issuer })
  const settings = () => readSettings(db)
  const addressOf = ({ socket, headers }: IncomingMessage) =>
    clientAddress({ socketAddress: socket.remoteAddress, headers }, { isTrusted: config.trustedProxies, header: config.forwardedHeader })
  const origin = new URL(issuer).origin
  const clients = openClients({ db, issuer, proxyFor: proxyRules(config), addressOf })
  const tokens = { db, keys, issuer, mcpUrl, stage, master, providers, operators, settings, record, ...clients, ctxOf, log }

  const routes: Route[] = [
    { method: 'GET', path: '/health', answer: async () => healthOf({ auditWatch, storeWatch, strays, watch, isStopping: isStopping() }) },
    ...oauthRoutes(tokens, answering),
    ...registrationRoutes({ db, issuer, log, record, answering, publish: () => publisher.publish() }),
    ...internalRoutes({
      db,
      issuer,
      master,
      manifestKey: keys.manifest,
      planeSites,
      watch,
      publishAbove,
      whileAnswering: answering,
      orders: watchOrders(db, log),
      ctxOf,
      log,
    }),
  ]
  const callers = { ...tokens, addressOf }
  const mounts = mountsOf({
    stage,
    log,
    ctxOf: async (request) => ctxFor(await answering(() => callerOf(callers, request))),
    sessions: {
      origin,
      read: (request) => answering(() => readBrowserSession(tokens, request, addressOf(request))),
      refuse: (over, request) => refusePage(callers, request, over),
      ctxOf: (session, request) => ctxFor(pageCaller(callers, request, session)),
    },
  })
  const loopback = isLoopbackAddress(config.host)
  return { ctxOf, server: createSite({ routes, mounts, origin, addressOf, loopback, draining, isStopping, log, refusalPage }) }
}

interface HealthParts extends Pick<Core, 'auditWatch' | 'storeWatch' | 'watch'> {
  strays: StrayRejections
  isStopping: boolean
}

/** Without its database the control plane serves nobody. With a warning it does, so nothing takes it out of service. */
function healthOf({ auditWatch: { warning }, storeWatch: { trouble }, strays: { count }, watch, isStopping }: HealthParts): Answer {
  const notes = count > 0 ? { strayRejections: count } : {}
  if (isStopping) return json(503, { status: 'stopping', ...notes })
  if (!watch.isConnected()) return json(503, { status: 'unavailable', why: 'The database cannot be reached.', ...notes })
  const status = warning === undefined && trouble === undefined ? 'ok' : 'degraded'
  return json(200, { status, ...(warning !== undefined && { warning }), ...(trouble && { secretStore: trouble }), ...notes })
}

const listen = (server: Server, { host, port }: Config): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Waits for running requests, at most `drainMs`. Then it cuts their connections. */
async function closeServer(server: Server, drainMs: number): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), drainMs)
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(timer)
}

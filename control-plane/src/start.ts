import type { AddressInfo } from 'node:net'
import { mountedServers } from '@bir/data-plane/catalog'
import { connect } from '@bir/db'
import { migrate } from '@bir/db/migrate'
import { openOwnChain } from './audit/own-chain.ts'
import type { Config } from './config.ts'
import { markDirty } from './base/context.ts'
import type { Actor, Ctx } from './base/context.ts'
import { createSite, json } from './base/http.ts'
import type { Route } from './base/http.ts'
import { internalRoutes } from './internal/routes.ts'
import { openKeyRing, readTokenKeys } from './keys/key-ring.ts'
import { readMasterKey } from './keys/master-key.ts'
import { wordsOf } from './base/log.ts'
import type { Log } from './base/log.ts'
import { mountsOf } from './faces/mounts.ts'
import { writeJoinLine } from './planes/join-line.ts'
import { createPublisher } from './snapshots/publish.ts'
import { watchRevisions } from './snapshots/serve-watch.ts'
import { callerOf } from './tokens/caller.ts'
import { metadataRoutes } from './tokens/metadata.ts'
import { operatorDoor } from './tokens/operator.ts'
import { createProvider } from './tokens/provider.ts'
import { tokenEndpoint } from './tokens/token-endpoint.ts'
import { startMaintenance } from './upkeep.ts'

export interface Running {
  /** Where it listens. */
  url: string
  /** Answers what waits, lets what runs end, and lets go of everything. */
  close: () => Promise<void>
}

/** The whole process: database brought up to date, keys open, policy published, listening. */
export async function startControlPlane(config: Config, log: Log): Promise<Running> {
  const { publicUrl: issuer, mcpUrl, stage } = config
  const master = readMasterKey(config)
  const db = connect(config.databaseUrl)
  const done = await migrate(db)
  if (done.length > 0) log('info', 'migrated', { migrations: done })

  const keys = await openKeyRing(db, master)
  const { recordChange, signHead } = await openOwnChain(db, keys.audit)
  await signHead()
  const watch = watchRevisions(db, config.databaseUrl, log)
  const publisher = createPublisher({
    db,
    manifestKey: keys.manifest,
    inputs: async (trx) => ({ mountable: mountedServers, keys: { issuer, tokenKeys: await readTokenKeys(trx, master) } }),
    onPublished: () => watch.check(),
    log,
  })
  // Whatever changed while nothing ran (keys, the catalogue of servers) is published now.
  await db.transaction().execute((trx) => markDirty(trx, []))
  const revision = await publisher.publish()
  await watch.check()
  if (config.joinFile) writeJoinLine(config.joinFile, { issuer, joinSecret: keys.joinSecret, manifestKey: keys.manifest.jwk })

  const ctxFor = (actor: Actor): Ctx => ({ db, actor, catalog: mountedServers, publisher, recordChange, ownChainKey: keys.audit.jwk })
  const ctxOf = (label: string) => ctxFor({ id: label, label, administrator: true })
  const operators = operatorDoor({ ...config, issuer })
  const tokens = { db, keys, issuer, mcpUrl, idpProvider: config.idpProvider, provider: createProvider(config), operators, ctxOf, log }

  const draining = new AbortController()
  const routes: Route[] = [
    { method: 'GET', path: '/health', answer: async () => json(200, { status: 'ok' }) },
    { method: 'POST', path: '/oauth/token', answer: (exchange) => tokenEndpoint(tokens, exchange) },
    ...metadataRoutes({ issuer, stage, keys }),
    ...internalRoutes({ db, issuer, master, manifestKey: keys.manifest, joinSecret: keys.joinSecret, watch, ctxOf, log }),
  ]
  const mounts = mountsOf({ stage, log, ctxOf: async (request) => ctxFor(await callerOf(tokens, request)) })
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.host)
  const server = createSite({ routes, mounts, origin: new URL(issuer).origin, loopback, draining: draining.signal, log })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, resolve)
  })
  const upkeep = startMaintenance({ db, keys, publisher, signHead, log })
  const { address, port, family } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  log('info', 'listening', { url, issuer, stage, revision })

  return {
    url,
    async close() {
      draining.abort()
      const late = setTimeout(() => server.closeAllConnections(), config.drainMs)
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      clearTimeout(late)
      await upkeep.stop()
      await signHead().catch((error: unknown) => log('warn', 'own-chain-unsigned', { why: wordsOf(error) }))
      await watch.stop()
      await db.destroy()
      log('info', 'stopped')
    },
  }
}

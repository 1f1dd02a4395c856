import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from './runtime/log.ts'
import { MemoryCatalogue } from './catalogue/catalogue.ts'
import type { Sealer } from './runtime/sealer.ts'
import { fetchDefinition, reportDefinitions } from './control/report-definitions.ts'
import type { SecretsInUse } from './secrets/in-use.ts'
import { ListFaultsReporter } from './control/report-list-faults.ts'
import { HealthReporter } from './control/report-health.ts'
import type { ControlClient } from './control/client.ts'
import type { MountedServer } from './server-kit/define.ts'
import { MountedUpstream } from './upstream/mounted/mounted-upstream.ts'
import type { ProxyFor } from '@bir/sdk/proxies'
import type { CallerSecrets } from './upstream/remote/caller-secrets.ts'
import type { ReadShared } from './upstream/remote/remote-upstreams.ts'
import { RemoteUpstreams } from './upstream/remote/remote-upstreams.ts'
import { RemoteCatalogues } from './catalogue/remote-catalogues.ts'
import type { Upstream } from './upstream/upstream.ts'
import type { PolicySource } from './policy/source.ts'

const maxServerCloseMs = 5_000

interface Options {
  mounted: ReadonlyMap<string, MountedServer>
  policy: PolicySource
  sealer: Sealer
  log: Log
  node: string
  /** Undefined where nobody approves definitions: then what a server offers is served. */
  control: ControlClient | undefined
  secrets: SecretsInUse
  callerSecrets: CallerSecrets
  /** Reads a secret that everybody's requests to a server carry. */
  readShared: ReadShared
  proxyFor?: ProxyFor | undefined
}

/** Every server this plane can reach, mounted or remote, and what they offer. */
export interface Upstreams {
  upstream(id: string): Upstream | undefined
  readonly catalogue: MemoryCatalogue
  close(): Promise<void>
}

/** Opens the servers, and follows the policy: remote servers come, go, and change with it. */
export function openUpstreams({
  mounted,
  policy,
  sealer,
  log,
  node,
  control,
  secrets,
  callerSecrets,
  readShared,
  proxyFor,
}: Options): Upstreams {
  const mountedUpstreams = new Map([...mounted].map(([id, server]) => [id, new MountedUpstream(server, sealer)]))
  const remote = new RemoteUpstreams({ secrets, callerSecrets, readShared, log, nodeId: node, proxyFor }, () => policy.current())
  const upstream = (id: string): Upstream | undefined => mountedUpstreams.get(id) ?? remote.get(id)
  const report = control && reportDefinitions(control)

  const catalogues = new RemoteCatalogues({
    log,
    secrets,
    callerSecrets,
    upstream,
    async report(id, tools) {
      const server = policy.current().servers.get(id)
      if (!report || server?.kind !== 'remote') return
      const { leftOut } = await report(id, server, tools)
      if (leftOut.length > 0) log('warn', 'tools that cannot be served', { server: id, tools: leftOut.slice(0, 20) })
    },
    approved: async (hash) => (control ? await fetchDefinition(control, hash) : undefined),
    changed: () => catalogue.changed(),
  })
  const catalogue = new MemoryCatalogue(mounted, catalogues)
  const applyPolicy = () => {
    remote.follow()
    catalogues.follow(policy.current())
    catalogue.changed()
  }
  const unfollow = policy.onChange(applyPolicy)
  const reporter = control && new HealthReporter({ control, health: () => remote.health(), secrets, log })
  reporter?.start()
  const listFaults = () =>
    catalogues.faults().flatMap(({ id, faults }) => {
      const server = policy.current().servers.get(id)
      return server?.kind === 'remote' ? [{ server: id, url: server.remote.url, faults: [...faults] }] : []
    })
  const listReporter = control && new ListFaultsReporter({ control, faults: listFaults, log })
  listReporter?.start()

  return {
    upstream,
    catalogue,
    async close() {
      unfollow()
      reporter?.stop()
      listReporter?.stop()
      catalogues.close()
      await Promise.all([remote, ...mounted.values()].map(closeInTime))
    },
  }
}

/** A query that still runs, or a remote server that says nothing, must not hold up the end of the process. */
const closeInTime = (server: Pick<MountedServer, 'close'>): Promise<void> =>
  Promise.race([server.close(), delay(maxServerCloseMs, undefined, { ref: false })])

import { hostFault } from '@bir/data-plane/catalog'
import type { FileServer, RemoteFileServer } from '@bir/sdk/contract/policy-file'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { z } from 'zod'
import type { Mountable } from '../compile/compile.ts'
import type { ServerRow } from '../policy-rows/types.ts'

/** The faults of a server as an administrator described it, in words. */
export function serverFaults(catalog: Mountable, id: string, server: FileServer): string[] {
  const { tools = {} } = server
  const levelFaults = Object.entries(tools)
    .filter(([, { level }]) => level === 'disabled')
    .map(([tool]) => `tool ${tool}: no tool needs the level disabled; say hidden: true to take it away`)
  const mounted = catalog.get(id)
  if (server.kind === 'remote')
    return [
      ...(mounted ? [`${id} is a server of the gateway's own: say kind: mounted, or take another id`] : []),
      ...addressFaults(server),
      ...levelFaults,
    ]
  if (!mounted) return [`no server ${id} can be mounted; there are ${[...catalog.keys()].sort().join(', ')}`]
  return [...mounted.faults(server.settings ?? {}), ...unknownTools(catalog, id, Object.keys(tools)), ...levelFaults]
}

/** Checks the address without DNS. Planes resolve the host name and check the IP address whenever they connect. */
function addressFaults({ url, privateNetwork }: z.infer<typeof RemoteFileServer>): string[] {
  const fault = hostFault(url, RemoteSettings.parse({ url, privateNetwork }).privateNetwork)
  return fault === undefined ? [] : [`url: ${fault}`]
}

/**
 * Refuses unknown tools of a mounted server: a misspelt name would have no effect, and nobody would notice. The tools
 * of a remote server may change, so any name is allowed.
 */
export function unknownTools(catalog: Mountable, server: string, tools: readonly string[]): string[] {
  const mounted = catalog.get(server)
  if (!mounted) return []
  return [...new Set(tools)].filter((tool) => !mounted.tools.has(tool)).map((tool) => `the server ${server} has no tool ${tool}`)
}

/** Refuses unknown connections: a restriction on one would protect nothing, and nobody would notice. */
export function connectionFaults({ id, settings }: Pick<ServerRow, 'id' | 'settings'>, connection: string): string[] {
  const { connections } = settings
  if (typeof connections !== 'object' || connections === null) return [`the server ${id} has no connections to restrict`]
  return Object.hasOwn(connections, connection) ? [] : [`the server ${id} has no connection ${connection}`]
}

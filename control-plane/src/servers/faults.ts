import { hostFault } from '@bir/data-plane/catalog'
import type { FileServer, RemoteFileServer } from '@bir/sdk/contract/policy-file'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { z } from 'zod'
import type { Mountable } from '../compile/compile.ts'
import type { ServerRow } from '../policy-rows/types.ts'

/** What is wrong with a server as an administrator described it, in words. */
export function serverFaults(catalog: Mountable, id: string, server: FileServer): string[] {
  const { tools = {} } = server
  const harmless = Object.entries(tools)
    .filter(([, { level }]) => level === 'disabled')
    .map(([tool]) => `tool ${tool}: no tool needs the level disabled; say hidden: true to take it away`)
  const mounted = catalog.get(id)
  if (server.kind === 'remote')
    return [
      ...(mounted ? [`${id} is a server of the gateway's own: say kind: mounted, or take another id`] : []),
      ...addressFaults(server),
      ...harmless,
    ]
  if (!mounted) return [`no server ${id} can be mounted; there are ${[...catalog.keys()].sort().join(', ')}`]
  return [...mounted.faults(server.settings ?? {}), ...unknownTools(catalog, id, Object.keys(tools)), ...harmless]
}

/** What an address says by itself. A name is looked up, and what it stands for checked, whenever a plane connects. */
function addressFaults({ url, privateNetwork }: z.infer<typeof RemoteFileServer>): string[] {
  const fault = hostFault(url, RemoteSettings.parse({ url, privateNetwork }).privateNetwork)
  return fault === undefined ? [] : [`url: ${fault}`]
}

/** A misspelt tool in a list would open or close nothing, silently. What a remote server offers may change: its tools may be named before they are known. */
export function unknownTools(catalog: Mountable, server: string, tools: readonly string[]): string[] {
  const mounted = catalog.get(server)
  if (!mounted) return []
  return [...new Set(tools)].filter((tool) => !mounted.tools.has(tool)).map((tool) => `the server ${server} has no tool ${tool}`)
}

/** A restriction on a connection that does not exist would protect nothing, silently. */
export function connectionFaults({ id, settings }: Pick<ServerRow, 'id' | 'settings'>, connection: string): string[] {
  const { connections } = settings
  if (typeof connections !== 'object' || connections === null) return [`the server ${id} has no connections to restrict`]
  return Object.hasOwn(connections, connection) ? [] : [`the server ${id} has no connection ${connection}`]
}

/**
 * All that the control plane imports of the data plane: the servers that can be mounted, with their tools, levels and
 * settings.
 */
export { mountedServers } from './index.ts'
export type { MountedServer, MountedTool } from '../server-kit/define.ts'
/** The name of a tool on `/mcp`. The control plane warns administrators of two tools with the same name there. */
export { joinedName } from '../aggregate/names/tool-names.ts'
/**
 * Checks the address of a remote server. One that the data plane never connects to is refused when it is registered.
 */
export { hostFault, planeHostFault } from '../upstream/http/connect/address.ts'

/** The data plane's one door for the control plane: what can be mounted, with the tools, levels and settings each declares. */
export { mountedServers } from './index.ts'
export type { MountedServer, MountedTool } from '../server-kit/define.ts'
/** How a tool is called on `/mcp`: names that would meet there are told to administrators. */
export { joinedName } from '../aggregate/names/tool-names.ts'
/** Where a remote server may be: an address that will never be connected to is refused when it is registered. */
export { hostFault } from '../upstream/http/address.ts'

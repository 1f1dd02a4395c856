/** The data plane's one door for the control plane: what can be mounted, with the tools, levels and settings each declares. */
export { mountedServers } from './index.ts'
export type { MountedServer, MountedTool } from './define.ts'

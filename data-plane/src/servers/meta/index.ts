import { connectSystem } from './connect-system.ts'
import { getUsage } from './get-usage.ts'
import { listPermissions } from './list-permissions.ts'
import { listServers } from './list-servers.ts'
import { me } from './me.ts'
import { searchTools } from './search-tools.ts'
import { meta } from './server.ts'
import { servers } from './servers.ts'
import { toolHelp } from './tool-help.ts'
import { whoami } from './whoami.ts'
import { whyWasIRefused } from './why-was-i-refused.ts'

export default meta.with(whoami, listPermissions, listServers, searchTools, getUsage, me, servers, toolHelp, connectSystem, whyWasIRefused)

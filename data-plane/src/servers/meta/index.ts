import { getUsage } from './get-usage.ts'
import { listPermissions } from './list-permissions.ts'
import { listServers } from './list-servers.ts'
import { searchTools } from './search-tools.ts'
import { meta } from './server.ts'
import { whoami } from './whoami.ts'

export default meta.with(whoami, listPermissions, listServers, searchTools, getUsage)

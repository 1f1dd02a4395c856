import { grantedServers } from './list-servers.ts'
import { meta } from './server.ts'

export const servers = meta.resource({
  uri: 'gateway://servers',
  name: 'servers',
  title: 'Your servers',
  description: 'The servers on which you hold a grant, with how many of their tools you can use.',
  mimeType: 'application/json',
  read: ({ gateway }) => JSON.stringify(grantedServers(gateway)),
})

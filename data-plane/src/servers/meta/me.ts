import { meta } from './server.ts'
import { identityOf } from './whoami.ts'

export const me = meta.resource({
  uri: 'gateway://me',
  name: 'me',
  title: 'Who you act for',
  description: 'User, groups, client and when the token ends: what whoami answers.',
  mimeType: 'application/json',
  read: (context) => JSON.stringify(identityOf(context)),
})

import type { Define } from '../base/verb.ts'
import { clientApprove } from './approve.ts'
import { clientCreate } from './create.ts'
import { clientDelete } from './delete.ts'
import { clientList } from './list.ts'
import { clientRotate } from './rotate.ts'

export const client: Define = (parent, act) => {
  const command = parent
    .command('client')
    .summary('OAuth clients, and those of service accounts')
    .description(
      'Creates, lists, approves and deletes OAuth clients, and gives them new secrets. MCP clients register themselves or name their metadata document: only those that can do neither, and service accounts, need one.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  bir client create ci --service-account\n  bir client create intranet --redirect-uri https://intranet.example.com/callback\n  bir client list\n  bir client rotate ci\n  bir client approve intranet\n  bir client delete ci',
    )
  clientCreate(command, act)
  clientList(command, act)
  clientRotate(command, act)
  clientApprove(command, act)
  clientDelete(command, act)
}

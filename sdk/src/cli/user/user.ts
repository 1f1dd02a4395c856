import { userDisable } from './disable.ts'
import { userList } from './list.ts'
import type { Define } from '../base/verb.ts'

export const user: Define = (parent, act) => {
  const command = parent
    .command('user')
    .summary('the people there are, and who of them is disabled')
    .description('Lists the people the gateway knows, and disables one or lets them back in.')
    .addHelpText('after', '\nExamples:\n  bir user list\n  bir user disable dave\n  bir user enable dave')
  userList(command, act)
  userDisable(command, act)
}

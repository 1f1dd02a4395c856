import type { Define } from '../base/verb.ts'
import { patCreate } from './create.ts'
import { patList } from './list.ts'
import { patRevoke } from './revoke.ts'

export const pat: Define = (parent, act) => {
  const command = parent
    .command('pat')
    .summary('personal access tokens: make, list and revoke them')
    .description(
      'Makes, lists and revokes personal access tokens: tokens of a person for MCP clients that cannot sign in, such as in a pipeline. They are good for weeks, so bind them to servers and networks.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  bir pat create nightly --server sql --ttl 30d\n  bir pat list\n  bir pat revoke 01a2237b-7ff3-7093-91e8-aedd233c79cd',
    )
  patCreate(command, act)
  patList(command, act)
  patRevoke(command, act)
}

import type { Define } from '../base/verb.ts'
import { providerList } from './list.ts'
import { providerTest } from './test.ts'

export const provider: Define = (parent, act) => {
  const command = parent
    .command('provider')
    .summary('the identity providers through which people sign in')
    .description(
      'Says through which identity providers people sign in, whether each answers now, and whom its claims would make of somebody. Providers lie in the policy file, section "providers".',
    )
    .addHelpText('after', '\nExamples:\n  bir provider list\n  bir provider test --claims claims.json --provider corp')
  providerList(command, act)
  providerTest(command, act)
}

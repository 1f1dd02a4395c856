import type { z } from 'zod'
import type { ProviderState } from '../../contract/provider-state.ts'
import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'

type Provider = z.infer<typeof ProviderState>

/** `bir provider list` shows every identity provider, and whether it answers. */
export const providerList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('every identity provider, and whether it answers')
    .description(
      "Lists the identity providers of the policy and of the control plane's settings. Each is asked for its documents; for one that does not answer, or is not set up, the reason follows and what to do.",
    )
    .option('--json', '{"items"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir provider list\n  bir provider list --json | jq -r ".items[] | select(.problem) | .problem.what"',
    )
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const { items } = await client.providers.list()
        if (json) {
          context.printJson({ items })
          return EXIT.ok
        }
        if (items.length === 0) context.print('There is no identity provider.')
        else for (const line of table(columns, items, context.environment.terminal?.columns)) context.print(line)
        for (const { handle, problem } of items) if (problem) context.note(`${handle}: ${problem.what} ${problem.next}`)
        return EXIT.ok
      }),
    )
}

const columns = [
  { title: 'provider', of: ({ handle }: Provider) => handle },
  { title: 'title', of: ({ title }: Provider) => title },
  { title: 'from', of: ({ from }: Provider) => from },
  { title: 'state', of: stateOf },
  { title: 'domains', of: ({ domains }: Provider) => (domains.length === 0 ? null : domains.join(', ')) },
  { title: 'redirect URI', of: ({ redirectUri }: Provider) => redirectUri },
  { title: 'issuer', of: ({ issuer }: Provider) => issuer },
]

function stateOf({ problem, signsIn }: Provider): string {
  if (problem) return problem.reason
  return signsIn ? 'ok' : 'tokens only'
}

import type { z } from 'zod'
import type { Client } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { everyRow } from '../base/pages.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'

type OAuthClient = z.infer<typeof Client>

/** `bir client list` shows the OAuth clients that the gateway stores. */
export const clientList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('the clients that the gateway stores')
    .description(
      'Lists OAuth clients: which kind each is, who made it, when it was used last (to the day), whether the policy admits it or approves it for everybody, and where its codes go. Clients with a metadata document are not stored.',
    )
    .option('--json', 'a line of JSON a client')
    .addHelpText('after', '\nExamples:\n  bir client list\n  bir client list --json | jq -r "select(.kind == \\"service\\").clientId"')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client } = await context.gateway()
        const clients: OAuthClient[] = []
        for await (const row of everyRow((page) => client.clients.list(page))) {
          if (json) context.printJson(row)
          else clients.push(row)
        }
        if (json) return EXIT.ok
        if (clients.length === 0) context.print('There are no clients.')
        else for (const line of table(columns, clients, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

const columns = [
  { title: 'client id', of: ({ clientId }: OAuthClient) => clientId },
  { title: 'handle', of: ({ handle }: OAuthClient) => handle },
  { title: 'name', of: ({ name }: OAuthClient) => name },
  { title: 'kind', of: kindOf },
  { title: 'made by', of: ({ madeBy }: OAuthClient) => madeBy },
  { title: 'last used', of: ({ usedAt }: OAuthClient) => usedAt?.slice(0, 10) ?? 'never' },
  { title: 'state', of: stateOf },
  { title: 'codes go to', of: ({ redirectUris }: OAuthClient) => (redirectUris.length === 0 ? null : redirectUris.join(' ')) },
]

function kindOf({ kind, serviceAccount, portal }: OAuthClient): string {
  if (portal) return 'portal'
  return serviceAccount === null ? kind : `service account ${serviceAccount}`
}

function stateOf({ admitted, approved, disabled }: OAuthClient): string {
  if (disabled) return 'account disabled'
  if (!admitted) return 'not admitted'
  return approved ? 'approved' : 'ok'
}

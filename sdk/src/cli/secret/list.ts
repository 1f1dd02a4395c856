import type { z } from 'zod'
import { ListedSecretState } from '../../contract/secret-entities.ts'
import type { Secret } from '../../contract/secret-entities.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { everyRow } from '../base/pages.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'
import { holderCell } from './holder.ts'
import { serverOf } from './given/server.ts'

type Row = z.infer<typeof Secret>

interface Flags {
  user?: string
  group?: string
  server?: string
  state?: ListedSecretState
  json?: true
}

/** `bir secret list` shows which secrets there are and whether they are good. */
export const secretList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('which secrets there are, and whether each is good')
    .description(
      `Lists secrets, newest first, and never their values: your own, with the servers that need one and have none (state "missing"); for administrators, everybody's. States: ${ListedSecretState.options.join(', ')}.`,
    )
    .option('--user <person>', 'those of this person, and what they lack')
    .option('--group <group>', 'those of this group')
    .option('--server <id>', 'those for this server', serverOf)
    .option('--state <state>', 'those in this state', stateOf)
    .option('--json', 'a line of JSON a secret, with "state"')
    .addHelpText(
      'after',
      '\nExamples:\n  bir secret list\n  bir secret list --user bob\n  bir secret list --state expiring --json | jq -r .holder.handle',
    )
    .action(
      act<[Flags]>(async (context, { json, ...wanted }) => {
        const { client } = await context.gateway()
        const rows: Row[] = []
        for await (const row of everyRow((page) => client.secrets.list({ ...page, ...wanted }))) {
          if (json) context.printJson(row)
          else rows.push(row)
        }
        if (json) return EXIT.ok
        if (rows.length === 0) context.print('There are no such secrets.')
        else for (const line of table(columns, rows, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

function stateOf(text: string): ListedSecretState {
  const { data } = ListedSecretState.safeParse(text)
  if (data) return data
  throw badUsage(`--state is one of ${ListedSecretState.options.join(', ')}.`)
}

const columns = [
  { title: 'server', of: ({ server }: Row) => server },
  { title: 'holder', of: ({ holder }: Row) => holderCell(holder) },
  { title: 'state', of: ({ state }: Row) => state },
  { title: 'owner', of: ({ owner }: Row) => owner?.login },
  { title: 'level', of: ({ level }: Row) => level },
  { title: 'expires', of: ({ expiresAt }: Row) => expiresAt },
  { title: 'checked', of: ({ checkedAt }: Row) => checkedAt },
  { title: 'saved by', of: ({ savedBy }: Row) => savedBy },
  { title: 'store', of: ({ store }: Row) => store },
]

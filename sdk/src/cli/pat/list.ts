import type { z } from 'zod'
import type { PersonalToken } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { everyRow } from '../base/pages.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'

type Token = z.infer<typeof PersonalToken>

/** `bir pat list` shows personal access tokens, and when each was used last. */
export const patList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('your tokens, and when each was used last')
    .description(
      "Lists your personal access tokens, newest first; for the operator of stage local, everybody's. Administrators may name a person.",
    )
    .option('--user <handle>', 'those of this person')
    .option('--json', 'a line of JSON a token, with "lastUsed"')
    .addHelpText(
      'after',
      '\nExamples:\n  bir pat list\n  bir pat list --user alice\n  bir pat list --json | jq -r "select(.lastUsed == null).name"',
    )
    .action(
      act<[{ user?: string; json?: true }]>(async (context, { user, json }) => {
        const { client } = await context.gateway()
        const tokens: Token[] = []
        for await (const token of everyRow((page) => client.personalTokens.list({ ...page, ...(user !== undefined && { user }) }))) {
          if (json) context.printJson(token)
          else tokens.push(token)
        }
        if (json) return EXIT.ok
        if (tokens.length === 0) context.print('There are no tokens.')
        else for (const line of table(columns, tokens, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

const columns = [
  { title: 'id', of: ({ id }: Token) => id },
  { title: 'person', of: ({ user }: Token) => user },
  { title: 'name', of: ({ name }: Token) => name },
  { title: 'state', of: ({ state }: Token) => state },
  { title: 'last used', of: ({ lastUsed }: Token) => lastUsed ?? 'never' },
  { title: 'until', of: ({ until }: Token) => until },
  { title: 'servers', of: ({ servers }: Token) => servers?.join(', ') ?? 'all' },
  { title: 'networks', of: ({ networks }: Token) => networks?.join(', ') ?? 'any' },
]

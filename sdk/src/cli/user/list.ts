import type { z } from 'zod'
import type { User } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { everyRow } from '../base/pages.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'

type Person = z.infer<typeof User>

/** `bir user list` shows everybody whom the gateway knows. */
export const userList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('everybody the gateway knows')
    .description(
      'Lists everybody the gateway knows, people and service accounts: their groups, and whether they are an administrator or disabled.',
    )
    .option('--search <text>', 'only those whose handle, name or address holds it')
    .option('--json', 'a line of JSON a person')
    .addHelpText(
      'after',
      '\nExamples:\n  bir user list\n  bir user list --search ali\n  bir user list --json | jq -r "select(.disabled).handle"',
    )
    .action(
      act<[{ search?: string; json?: true }]>(async (context, { search, json }) => {
        const { client } = await context.gateway()
        const people: Person[] = []
        for await (const person of everyRow((page) => client.users.list({ ...page, ...(search !== undefined && { search }) }))) {
          if (json) context.printJson(person)
          else people.push(person)
        }
        if (json) return EXIT.ok
        if (people.length === 0) context.print('There is nobody.')
        else for (const line of table(columns, people, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

const columns = [
  { title: 'handle', of: ({ handle }: Person) => handle },
  { title: 'kind', of: ({ kind }: Person) => (kind === 'service' ? 'service account' : 'person') },
  { title: 'name', of: ({ name }: Person) => name },
  { title: 'groups', of: ({ groups }: Person) => (groups.length === 0 ? null : groups.join(', ')) },
  { title: 'state', of: stateOf },
]

function stateOf({ disabled, administrator, awaitsEmail }: Person): string {
  if (disabled) return 'disabled'
  if (awaitsEmail) return 'has not signed in'
  return administrator ? 'administrator' : 'ok'
}

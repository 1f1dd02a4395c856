import type { Client } from '../../client.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

/** `bir plane expel` removes a data plane that is no longer trusted. */
export const plane: Define = (parent, act) => {
  const command = parent
    .command('plane')
    .summary('the data planes: expel one that is not trusted any more')
    .description('Expels a data plane. Which there are, and what each enforces, says "bir snapshot status".')
    .addHelpText('after', '\nExamples:\n  bir snapshot status\n  bir plane expel berlin-2')
  command
    .command('expel')
    .summary('give a data plane nothing more, and renew the sealing keys')
    .description(
      'Expels a data plane for good: it gets no policy and no keys any more, what it sends is refused, and the sealing keys are renewed, so that legacy sessions, cursors and task ids from before are void everywhere. To come back it joins anew, as another plane.',
    )
    .argument('<plane>', 'its name, or its id where two bear the same name')
    .option('--json', '{"revision"}')
    .addHelpText('after', '\nExamples:\n  bir plane expel berlin-2')
    .action(
      act<[string, { json?: true }]>(async (context, nameOrId, { json }) => {
        const { client } = await context.gateway()
        const answer = await client.planes.expel({ id: await idOf(client, nameOrId) })
        if (json) context.printJson(answer)
        else context.print(`${nameOrId} is expelled; revision ${answer.revision}.`)
        return EXIT.ok
      }),
    )
}

/** The id of a plane that is not expelled. Several planes can have the same name; then only an id selects one. */
async function idOf(client: Client, nameOrId: string): Promise<string> {
  const { items } = await client.planes.list()
  const members = items.filter(({ expelled }) => !expelled)
  const matches = members.filter(({ id, name }) => id === nameOrId || name === nameOrId)
  const [match, secondMatch] = matches
  if (match && !secondMatch) return match.id
  if (secondMatch)
    throw badUsage(
      `There are ${matches.length} planes called ${nameOrId}: give the id of one of ${matches.map(({ id }) => id).join(', ')}.`,
    )
  throw badUsage(
    `There is no plane ${nameOrId}; there ${members.length === 1 ? 'is' : 'are'} ${members.map(({ name }) => name).join(', ') || 'none'}.`,
  )
}

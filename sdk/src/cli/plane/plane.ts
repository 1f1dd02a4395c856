import type { Client } from '../../client.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

/** `bir plane expel`: a data plane that is not trusted any more. */
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
      act<[string, { json?: true }]>(async (context, named, { json }) => {
        const { client } = await context.gateway()
        const answer = await client.planes.expel({ id: await idOf(client, named) })
        if (json) context.json(answer)
        else context.say(`${named} is expelled; revision ${answer.revision}.`)
        return EXIT.ok
      }),
    )
}

/** An id names one plane; a name may be that of several, and is no good then. */
async function idOf(client: Client, named: string): Promise<string> {
  const { items } = await client.planes.list()
  const left = items.filter(({ expelled }) => !expelled)
  const found = left.filter(({ id, name }) => id === named || name === named)
  const [one, another] = found
  if (one && !another) return one.id
  if (another)
    throw badUsage(`There are ${found.length} planes called ${named}: give the id of one of ${found.map(({ id }) => id).join(', ')}.`)
  throw badUsage(
    `There is no plane ${named}; there ${left.length === 1 ? 'is' : 'are'} ${left.map(({ name }) => name).join(', ') || 'none'}.`,
  )
}

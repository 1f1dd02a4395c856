import type { Client } from '../../client.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { planeInvite } from './invite.ts'
import { planeLines } from './lines.ts'
import { planeUninvite } from './uninvite.ts'
import { distinctNames } from '../output/distinct-names.ts'
import type { Define } from '../base/verb.ts'

/** `bir plane` lets data planes join, and expels one that is no longer trusted. */
export const plane: Define = (parent, act) => {
  const command = parent
    .command('plane')
    .summary('the data planes: let one join, expel one that is not trusted any more')
    .description('Lets data planes join, and expels one. Which there are, and what each enforces, says "bir snapshot status".')
    .addHelpText(
      'after',
      '\nExamples:\n  bir snapshot status\n  bir plane invite --name berlin-2\n  bir plane lines\n  bir plane expel berlin-2',
    )
  planeInvite(command, act)
  planeLines(command, act)
  planeUninvite(command, act)
  command
    .command('expel')
    .summary('give a data plane nothing more, and renew the sealing keys')
    .description(
      'Expels a data plane for good: it gets no policy and no keys any more, what it sends is refused, and the sealing keys are renewed, so that legacy sessions, cursors and task ids from before are void everywhere. As soon as it is told, within seconds, it refuses every call of a client (503, "plane-expelled"), ends those under way, and its GET /health is not ok: its clients must reach another plane. One that cannot reach the control plane is not told, and serves its last policy until that is too old: take it off the load balancer. Void are also the line it joined with, lines for its name, and the line in every JOIN_FILE, which is replaced at once; other lines stay good: see "bir plane lines --open". To come back it joins anew, as another plane, with a line that an administrator makes.',
    )
    .argument('<plane>', 'its name, or its id where two bear the same name')
    .option('--json', '{"revision", "planesLeft"}: how many planes are left')
    .addHelpText('after', '\nExamples:\n  bir plane expel berlin-2')
    .action(
      act<[string, { json?: true }]>(async (context, nameOrId, { json }) => {
        const { client } = await context.gateway()
        const { id, others } = await memberOf(client, nameOrId)
        const answer = await client.planes.expel({ id })
        if (json) {
          context.printJson({ ...answer, planesLeft: others })
          return EXIT.ok
        }
        context.print(`${nameOrId} is expelled; revision ${answer.revision}.`)
        context.note('It refuses every call of its clients as soon as it is told.')
        if (others === 0) context.note('No data plane is left: every client is refused until one joins ("bir plane invite").')
        context.note('Join lines that it could know are void. Those that stay good: "bir plane lines --open".')
        return EXIT.ok
      }),
    )
}

/**
 * A plane that is not expelled, and how many others there are. Several planes can have the same name; then only an id
 * selects one.
 */
async function memberOf(client: Client, nameOrId: string): Promise<{ id: string; others: number }> {
  const { items } = await client.planes.list()
  const members = items.filter(({ expelled }) => !expelled)
  const matches = members.filter(({ id, name }) => id === nameOrId || name === nameOrId)
  const [match, secondMatch] = matches
  if (match && !secondMatch) return { id: match.id, others: members.length - 1 }
  if (secondMatch)
    throw badUsage(
      `There are ${matches.length} planes called ${nameOrId}: give the id of one of ${matches.map(({ id }) => id).join(', ')}.`,
    )
  throw badUsage(`There is no plane ${nameOrId}; there ${members.length === 1 ? 'is' : 'are'} ${distinctNames(members)}.`)
}

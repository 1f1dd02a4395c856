import { EXIT } from '../base/exit.ts'
import { planeForget } from './forget.ts'
import { planeInvite } from './invite.ts'
import { planeLines } from './lines.ts'
import { memberOf } from './member.ts'
import { planeUninvite } from './uninvite.ts'
import type { Define } from '../base/verb.ts'

/** `bir plane` lets data planes join, expels one that is no longer trusted, and forgets one that is gone. */
export const plane: Define = (parent, act) => {
  const command = parent
    .command('plane')
    .summary('the data planes: let one join, expel one that is not trusted any more, forget one that is gone')
    .description(
      'Lets data planes join, expels one, and forgets one that is gone. Which there are, and what each enforces, says "bir snapshot status".',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  bir snapshot status\n  bir plane invite --name berlin-2\n  bir plane lines\n  bir plane expel berlin-2\n  bir plane forget berlin-3',
    )
  planeInvite(command, act)
  planeLines(command, act)
  planeUninvite(command, act)
  planeForget(command, act)
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

import { EXIT } from '../base/exit.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'

/** `bir server approve`: somebody has looked. */
export const serverApprove: Define = (parent, act) => {
  parent
    .command('approve')
    .summary('approve what a remote server offers')
    .description(
      'Approves tools as a remote server offers them now: those named, or all that wait. What was held back is served when the command returns. Look at them first: "bir server definitions".',
    )
    .argument('<id>', 'the server')
    .argument('[names...]', 'its tools, by the names it gives them')
    .option('--json', '{"revision","approved"}')
    .addHelpText('after', '\nExamples:\n  bir server approve everything echo add\n  bir server approve everything')
    .action(
      act<[string, string[], { json?: true }]>(async (context, id, names, { json }) => {
        const asked = { id: serverId(id, 'server') }
        const { client } = await context.gateway()
        const { items } = await client.servers.definitions(asked)
        // What changes between the two questions is not approved unseen.
        const seen = Object.fromEntries(items.filter(({ offered }) => offered !== null).map(({ name, hash }) => [name, hash]))
        const done = await client.servers.approve({ ...asked, seen, ...(names.length === 0 ? {} : { names }) })
        if (json) {
          context.json(done)
          return EXIT.ok
        }
        for (const name of done.approved) context.say(`approved ${printable(name)}`)
        const count = done.approved.length
        context.say(count === 0 ? `Nothing of ${id} waits; revision ${done.revision}.` : `${count} approved; revision ${done.revision}.`)
        return EXIT.ok
      }),
    )
}

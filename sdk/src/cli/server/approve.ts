import { EXIT } from '../base/exit.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import type { Define } from '../base/verb.ts'

/** `bir server approve` approves tools as a remote server offers them now. */
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
        const target = { id: serverId(id, 'server') }
        const { client } = await context.gateway()
        const { items } = await client.servers.definitions(target)
        // `seen` makes the gateway refuse a definition that changes between the two requests.
        const seen = Object.fromEntries(items.filter(({ offered }) => offered !== null).map(({ name, hash }) => [name, hash]))
        const result = await client.servers.approve({ ...target, seen, ...(names.length === 0 ? {} : { names }) })
        if (json) {
          context.printJson(result)
          return EXIT.ok
        }
        for (const name of result.approved) context.print(`approved ${printable(name)}`)
        const count = result.approved.length
        context.print(
          count === 0 ? `Nothing of ${id} waits; revision ${result.revision}.` : `${count} approved; revision ${result.revision}.`,
        )
        return EXIT.ok
      }),
    )
}

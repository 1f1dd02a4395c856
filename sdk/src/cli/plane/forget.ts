import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { memberOf } from './member.ts'

/** `bir plane forget` takes a plane off the list that is gone for good. */
export const planeForget: Define = (parent, act) => {
  parent
    .command('forget')
    .summary('take a plane off the list that is gone for good')
    .description(
      'Takes a data plane off the list whose process is gone for good, so that no command counts it any more. It must be away for a minute or have said that it stops, and what it told of its audit must be stored. Nothing is renewed: sessions, cursors, task ids and join lines stay good. If it comes back all the same, its requests are refused and it serves nobody, until it joins anew as another plane. For one that is under suspicion: "bir plane expel".',
    )
    .argument('<plane>', 'its name, or its id where two bear the same name')
    .option('--json', '{"revision"}')
    .addHelpText('after', '\nExamples:\n  bir snapshot status\n  bir plane forget berlin-2')
    .action(
      act<[string, { json?: true }]>(async (context, nameOrId, { json }) => {
        const { client } = await context.gateway()
        const { id } = await memberOf(client, nameOrId)
        const answer = await client.planes.forget({ id })
        if (json) context.printJson(answer)
        else context.print(`${nameOrId} is forgotten; revision ${answer.revision}.`)
        return EXIT.ok
      }),
    )
}

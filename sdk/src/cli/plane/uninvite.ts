import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'

/** `bir plane uninvite` makes a join line void. */
export const planeUninvite: Define = (parent, act) => {
  parent
    .command('uninvite')
    .summary('make a line void that lets planes join')
    .description(
      'Makes a join line void: no further plane joins with it. Planes that joined with it stay; to exclude one, expel it. A line in the file of JOIN_FILE is replaced at once.',
    )
    .argument('<line>', 'the id of the line, as "bir plane lines" shows it')
    .option('--json', '{"revision"}')
    .addHelpText('after', '\nExamples:\n  bir plane lines --open\n  bir plane uninvite 01a2237b-7ff3-7093-91e8-aedd233c79cd')
    .action(
      act<[string, { json?: true }]>(async (context, id, { json }) => {
        const { client } = await context.gateway()
        const answer = await client.planes.revokeLine({ id })
        if (json) context.printJson(answer)
        else context.print(`The line ${id} is void.`)
        return EXIT.ok
      }),
    )
}

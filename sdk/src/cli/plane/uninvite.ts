import { ApiFailure } from '../../client.ts'
import { Id } from '../../contract/names.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
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
        if (!Id.safeParse(id).success) throw noLine(id)
        const { client } = await context.gateway()
        const answer = await client.planes.revokeLine({ id }).catch((error: unknown) => {
          throw error instanceof ApiFailure && error.code === 'not_found' ? noLine(id, error) : error
        })
        if (json) context.printJson(answer)
        else context.print(`The line ${id} is void.`)
        return EXIT.ok
      }),
    )
}

const noLine = (id: string, cause?: unknown) =>
  new CliFault('not_found', `There is no join line ${id}; "bir plane lines" lists them.`, { exit: EXIT.badInput, cause })

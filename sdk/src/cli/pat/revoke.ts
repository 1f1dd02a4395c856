import { Id } from '../../contract/names.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

/** `bir pat revoke` voids a personal access token. */
export const patRevoke: Define = (parent, act) => {
  parent
    .command('revoke')
    .summary('void a token')
    .description(
      'Voids a personal access token by its id. Tells administrators which data planes refuse it by now, and exits with 3 unless all do.',
    )
    .argument('<id>', 'as "bir pat list" shows it')
    .option('--json', '{"revision","enforcement"}')
    .addHelpText('after', '\nExamples:\n  bir pat revoke 01a2237b-7ff3-7093-91e8-aedd233c79cd')
    .action(
      act<[string, { json?: true }]>(async (context, id, { json }) => {
        if (!Id.safeParse(id).success) throw badUsage(`"${id}" is no id of a token: "bir pat list" shows them.`)
        const { client } = await context.gateway()
        const answer = await client.personalTokens.revoke({ id })
        // Only administrators may ask where the planes stand.
        const enforcement = await awaitEnforcement(client)
        if (!json && !enforcement) context.print(`Void from revision ${answer.revision} on: ${id}. Planes refuse it within a second.`)
        if (json) context.printJson({ ...answer, ...(enforcement && { enforcement }) })
        if (!enforcement) return EXIT.ok
        return json ? exitOf(enforcement) : reportEnforcement(context, `Void from revision ${answer.revision} on: ${id}`, enforcement)
      }),
    )
}

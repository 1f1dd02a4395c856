import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

/** `bir client delete` ends a client and all that it was given. */
export const clientDelete: Define = (parent, act) => {
  parent
    .command('delete')
    .summary('delete a client, and end its sessions')
    .description(
      'Deletes a client. Its sessions end at once, on every plane; a service account stays. Says which planes enforce it, and exits with 3 unless all do.',
    )
    .argument('<client>', 'its client id or its handle')
    .option('--json', '{"revision","removed","enforcement"}')
    .addHelpText('after', '\nExamples:\n  bir client delete ci')
    .action(
      act<[string, { json?: true }]>(async (context, name, { json }) => {
        const { client } = await context.gateway()
        const answer = await client.clients.delete({ client: name })
        const enforcement = await awaitEnforcement(client)
        if (!json) return reportEnforcement(context, `The client ${name} is deleted, from revision ${answer.revision} on`, enforcement)
        context.printJson({ ...answer, ...(enforcement && { enforcement }) })
        return exitOf(enforcement)
      }),
    )
}

import { TokenId } from '../../contract/names.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

/** `bir session end` signs somebody out in one place. */
export const sessionEnd: Define = (parent, act) => {
  parent
    .command('end')
    .summary('sign out in one place')
    .description(
      'Ends a session: its refresh tokens are void, and every data plane that enforces it refuses its access tokens within a second. An administrator is told which planes do; then it exits with 3 unless all do. Who signs in there again gets a new session. To end all that a person has: "bir user disable".',
    )
    .argument('<sid>', 'the id of the session, as "bir session list" prints it')
    .option('--json', '{"revision","enforcement"}')
    .addHelpText('after', '\nExamples:\n  bir session end 01a2237b-7af3-7487-a2b2-2fb8cce680d0')
    .action(
      act<[string, { json?: true }]>(async (context, sid, { json }) => {
        if (!TokenId.safeParse(sid).success)
          throw badUsage(`A session has an id such as 01a2237b-7af3-7487-a2b2-2fb8cce680d0, not "${sid}": see "bir session list".`)
        const { client } = await context.gateway()
        const answer = await client.sessions.end({ sid })
        const { administrator } = await client.users.me()
        if (!administrator) {
          if (json) context.printJson(answer)
          else context.print(`Session ${sid} has ended.`)
          return EXIT.ok
        }
        const enforcement = await awaitEnforcement(client)
        if (!json) return reportEnforcement(context, `Session ${sid} has ended`, enforcement)
        context.printJson({ ...answer, ...(enforcement && { enforcement }) })
        return exitOf(enforcement)
      }),
    )
}

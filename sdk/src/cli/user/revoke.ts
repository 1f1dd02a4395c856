import { TokenId } from '../../contract/names.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

/** `bir revoke` voids a token, or all tokens of a session, before they expire. */
export const revoke: Define = (parent, act) => {
  parent
    .command('revoke')
    .summary('void a token or a session before its time')
    .description(
      'Voids a token by its id (its claim "jti", and "tokenId" in what "bir audit export" gives), or all tokens of one sign-in by its session (the claim "sid"). Every data plane refuses them from the next revision on; this says which planes do by now, and exits with 3 unless all do. To void all that a person has: "bir user disable", then "enable".',
    )
    .option('--token <jti>', 'the id of a token')
    .option('--session <sid>', 'the id of a session')
    .option('--json', '{"revision","enforcement"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir revoke --token 01a2237b-7ff3-7093-91e8-aedd233c79cd\n  bir revoke --session 01a2237b-7af3-7487-a2b2-2fb8cce680d0',
    )
    .action(
      act<[{ token?: string; session?: string; json?: true }]>(async (context, { token, session, json }) => {
        const ids = { ...(token && { jti: token }), ...(session && { sid: session }) }
        if (Object.keys(ids).length === 0) throw badUsage('Give --token or --session: which shall be void?')
        for (const [flag, id] of [['--token', token] as const, ['--session', session] as const]) {
          if (id !== undefined && !TokenId.safeParse(id).success)
            throw badUsage(`${flag} takes an id as a token has it, such as 01a2237b-7ff3-7093-91e8-aedd233c79cd, not "${id}".`)
        }
        const { client } = await context.gateway()
        const answer = await client.tokens.revoke(ids)
        context.note('The gateway keeps no list of its tokens: compare the id with the record of the call that you want to end.')
        const enforcement = await awaitEnforcement(client)
        if (json) {
          context.printJson({ ...answer, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }
        const what = [token && `token ${token}`, session && `session ${session}`].filter(Boolean).join(', ')
        return reportEnforcement(context, `Void from revision ${answer.revision} on: ${what}`, enforcement)
      }),
    )
}

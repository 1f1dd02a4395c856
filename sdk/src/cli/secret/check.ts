import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { holderOf, withHolderOptions, wordsFor } from './holder.ts'
import type { HolderFlags } from './holder.ts'
import { printResult } from './result.ts'
import { serverOf } from './given/server.ts'

/** `bir secret check` tries the stored secret against the real service now. */
export const secretCheck: Define = (parent, act) => {
  const command = parent
    .command('check')
    .summary('try the stored secret against its service now')
    .description(
      'Has the gateway try the stored secret against the real service. Prints what the service said, as "bir secret put" does; the state follows, and with it who sees the tools. Exits with 3 unless the answer is ok.',
    )
    .argument('<server>', 'the server that uses it')
  withHolderOptions(command)
    .option('--json', '{"saved","verdict","says","owner","scopes","level","expiresAt","missing","warnings","state","revision"}')
    .addHelpText('after', '\nExamples:\n  bir secret check gitlab\n  bir secret check gitlab --user bob --json | jq -r .state')
    .action(
      act<[string, HolderFlags & { json?: true }]>(async (context, text, { json, ...whose }) => {
        const server = serverOf(text)
        const gateway = await context.gateway()
        const holder = holderOf(whose, gateway)
        const result = await gateway.client.secrets.check({ server, ...holder })
        if (json) context.printJson(result)
        else
          printResult(context, result, {
            after: result.state === undefined ? '' : `State of ${wordsFor(holder)} for ${server}: ${result.state}.`,
          })
        return result.verdict === 'ok' ? EXIT.ok : EXIT.no
      }),
    )
}

import type { ActsBy } from '../base/gateway.ts'
import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'

const words: Readonly<Record<ActsBy, string>> = {
  token: 'the token in BIR_TOKEN',
  'service-account': 'the service account of BIR_CLIENT_ID',
  'sign-in': '"bir login"',
  operator: 'the operator key',
}

/** `bir whoami` says as whom the command acts, and where. */
export const whoami: Define = (parent, act) => {
  parent
    .command('whoami')
    .summary('as whom bir acts, and where')
    .description(
      'Asks the gateway as whom bir acts there. Exits with 1 when that is nobody: nobody is signed in, or the sign-in has ended.',
    )
    .option('--json', '{"handle","name","administrator","kind","groups","gateway","by"}')
    .addHelpText('after', '\nExamples:\n  bir whoami\n  bir whoami --json | jq -r .handle')
    .action(
      act<[{ json?: true }]>(async (context, { json }) => {
        const { client, url, actsBy } = await context.gateway()
        const caller = await client.users.me()
        if (json) context.printJson({ ...caller, gateway: url, by: actsBy })
        else context.print(`${caller.handle}${caller.administrator ? ', administrator,' : ''} at ${url}, by ${words[actsBy]}`)
        return EXIT.ok
      }),
    )
}

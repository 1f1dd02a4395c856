import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { holderOf, withHolderOptions, wordsFor } from './holder.ts'
import type { HolderFlags } from './holder.ts'
import { serverOf } from './given/server.ts'

/** `bir secret delete` destroys a secret in its store. */
export const secretDelete: Define = (parent, act) => {
  const command = parent
    .command('delete')
    .summary('destroy a secret')
    .description(
      'Destroys a secret in its store, with all its versions. The tools that need it go within a second. It stays good at its service: revoke it there too.',
    )
    .argument('<server>', 'the server that uses it')
  withHolderOptions(command)
    .option('--yes', 'do not ask')
    .option('--json', '{"revision"}')
    .addHelpText('after', '\nExamples:\n  bir secret delete gitlab\n  bir secret delete gitlab --user bob --yes')
    .action(
      act<[string, HolderFlags & { yes?: true; json?: true }]>(async (context, text, { yes, json, ...whose }) => {
        const server = serverOf(text)
        const { ask } = context.environment
        if (!yes && !ask) throw badUsage('Nobody can be asked here: add --yes.')
        const gateway = await context.gateway()
        const holder = holderOf(whose, gateway)
        if (!yes && !(await ask?.confirm(`Destroy ${wordsFor(holder)} for ${server}?`))) {
          context.note('Nothing was changed.')
          return EXIT.no
        }
        const answer = await gateway.client.secrets.delete({ server, ...holder })
        if (json) context.printJson(answer)
        else
          context.print(
            `Destroyed from revision ${answer.revision} on: ${wordsFor(holder)} for ${server}. At its service it is still good: revoke it there.`,
          )
        return EXIT.ok
      }),
    )
}

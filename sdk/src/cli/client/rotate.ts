import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { printMade } from './made.ts'

/** `bir client rotate` gives a client a new secret. */
export const clientRotate: Define = (parent, act) => {
  parent
    .command('rotate')
    .summary('give a client a new secret')
    .description('Gives a client a new secret and prints it, for the only time. The old one is void at once.')
    .argument('<client>', 'its client id or its handle')
    .option('--json', '{"clientId","handle","clientSecret"}')
    .addHelpText('after', '\nExamples:\n  bir client rotate ci\n  bir client rotate ci --json | jq -r .clientSecret')
    .action(
      act<[string, { json?: true }]>(async (context, name, { json }) => {
        const { client } = await context.gateway()
        printMade(context, await client.clients.rotate({ client: name }), { ...(json && { json }) })
        return EXIT.ok
      }),
    )
}
